"""The ways in: one file a door. A door parses, claims the requestId, starts the run by its name, answers."""
