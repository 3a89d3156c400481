"""Kills the task hub and its worker repeatedly, and checks from outside that nothing was lost or done twice."""
