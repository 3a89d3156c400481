"""May we? Pure functions from facts to a verdict."""
