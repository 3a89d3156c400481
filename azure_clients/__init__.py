"""The only code that calls Azure: credential, clients, reads and requests, translation of ARM errors."""
