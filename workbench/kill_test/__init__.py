"""Kills the task hub and its worker again and again, and shows from outside that nothing was lost or done twice."""
