"""The checks: pure functions that decide from facts what a run may do."""
