"""Runs the app, as shipped, on the real Durable extension, Azurite and the ARM simulator."""
