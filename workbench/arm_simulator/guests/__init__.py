"""What runs inside a simulated machine."""
