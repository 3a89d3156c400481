"""Orchestrators and entities. They are replayed: no clock, no network, no random numbers, no environment variables."""
