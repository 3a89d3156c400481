"""One way to start the app, a durable engine and the emulated Azure: for tests, proofs, the demo and benchmarks."""
