"""The only keys to Azure: credential, clients, what is read through them, translation of ARM errors."""
