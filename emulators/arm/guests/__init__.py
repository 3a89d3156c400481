"""What runs inside an emulated VM."""
