"""What sets up, shows, checks and proves the app; never deployed."""
