"""Run Command, in its managed form and as an action."""
