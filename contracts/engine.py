"""How long Durable Functions may pause a run. No timeout of the app is shorter."""

LONGEST_SILENCE_SECONDS = 90
"""A run may pause for this long after a crash of the host, and after every ordinary stop of it (deployment, restart,
scale-in). This is not an error.

The messages that the stopped host had dequeued become visible to other hosts after the visibility timeout in
host.json (60 s) and one polling interval (2 s). A new host needs 5 to 20 s to start. Measured: 80 to 85 s after a kill.
"""
LEAST_TIMEOUT_SECONDS = 120
"""The shortest timeout of a wait: what it waits for may happen during such a pause, and must still be read once after
it."""
