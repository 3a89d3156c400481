"""Microsoft.Network: networks, interfaces and security groups."""
