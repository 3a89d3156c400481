"""Starts and stops Azurite, its queue service alone or all three services, as a child process."""

from workbench.azurite_server.server import AzuriteError, AzuriteServer

__all__ = ["AzuriteError", "AzuriteServer"]
