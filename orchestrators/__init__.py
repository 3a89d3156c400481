"""The story: what happens next. Replays, so no clock, no network, no chance, no environment."""
