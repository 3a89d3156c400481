"""One suite of checks of a durable engine, run on the embedded task hub and on the real Durable extension."""
