"""Microsoft.Compute."""
