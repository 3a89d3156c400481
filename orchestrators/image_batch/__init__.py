"""The orchestration of a whole request: fans out over its VMs."""
