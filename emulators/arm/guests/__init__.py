"""What runs inside a simulated VM."""
