"""The triggers, one file each. A trigger parses the request, records its requestId, starts the run and answers."""
