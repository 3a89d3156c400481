"""The app of the conformance checks."""
