"""What the durable engine may cost in time, so that no wait of ours is shorter."""

LONGEST_SILENCE_SECONDS = 90
"""A run may stand still so long after a crash, and after every ordinary stop of the host (deployment, restart,
scale-in), without anything being wrong.

What the stopped host had taken from the hub's queues is seen by the others again after the visibility timeout of
host.json (60 s) and one polling interval (2 s); a new host needs 5 to 20 s to start. Measured: 80 to 85 s after a kill.
"""
LEAST_TIMEOUT_SECONDS = 120
"""The shortest time-out that a wait may have: what it waits for may have happened during a silence, and must still be
read once after it."""
