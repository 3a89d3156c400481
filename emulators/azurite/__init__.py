"""Starts and stops Azurite, its queue service alone or all three services, as a child process."""

from emulators.azurite.server import AzuriteError, AzuriteServer

__all__ = ["AzuriteError", "AzuriteServer"]
