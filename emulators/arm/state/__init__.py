"""What all providers share: the stored resources, the clock and long-running operations."""
