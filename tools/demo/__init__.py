"""The main job on a small simulated fleet; only Azure is simulated."""
