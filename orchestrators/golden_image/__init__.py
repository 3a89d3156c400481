"""The orchestration of one VM, in place or as a clone."""
