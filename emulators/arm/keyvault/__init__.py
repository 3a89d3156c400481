"""Key Vault's data plane."""
