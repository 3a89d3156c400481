"""What stands in for Azure on one computer; never deployed."""
