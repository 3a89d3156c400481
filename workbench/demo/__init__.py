"""The main job on a small simulated fleet, with everything else real."""
