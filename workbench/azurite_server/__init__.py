"""Starts and stops Azurite's queue service as a child process."""

from workbench.azurite_server.server import AzuriteError, AzuriteServer

__all__ = ["AzuriteError", "AzuriteServer"]
