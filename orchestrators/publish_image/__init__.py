"""The orchestration of one image version: creates and replicates it."""
