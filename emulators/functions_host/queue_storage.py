"""Storage queues by connection and name; one client each, created on first use; missing queues are created."""

import asyncio

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.queue.aio import QueueClient

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.errors import ConfigurationError

# The newest version that Azurite 3.37 knows; the SDK's own default is newer and Azurite refuses it.
_API_VERSION = "2026-06-06"


class QueueStorage:
    """Opens queues for listeners and output bindings."""

    def __init__(self, settings: AppSettings) -> None:
        """Uses the settings with the connection strings."""
        self._settings = settings
        self._clients: dict[tuple[str, str], QueueClient] = {}
        self._lock = asyncio.Lock()

    async def open(self, connection: str | None, name: str) -> QueueClient:
        """The queue `name` (lower-cased, as the Functions host does), created when it is missing.

        Text is passed unchanged: the SDK's own base64 policy fails a whole batch for one bad message.

        Raises:
            ConfigurationError: the connection's setting is missing, or no service answers at its address.
        """
        key = (self._settings.storage_connection(connection), name.lower())
        async with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = await _connect(*key)
                self._clients[key] = client
        return client

    async def close(self) -> None:
        """Closes every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()


async def _connect(connection: str, name: str) -> QueueClient:
    client = QueueClient.from_connection_string(
        connection,
        name,
        api_version=_API_VERSION,
        # Two more attempts, after a second each: the SDK waits 15 s and longer, too long for local storage.
        retry_total=2,
        initial_backoff=0,
        increment_base=1,
        random_jitter_range=0,
    )
    try:
        await create_when_missing(client)
    except AzureError as error:
        await client.close()
        raise ConfigurationError(
            f"queue {name} cannot be opened at {client.primary_hostname}: {error.message}. Start Azurite, or correct "
            "the connection string"
        ) from error
    except BaseException:
        await client.close()
        raise
    return client


async def create_when_missing(queue: QueueClient) -> None:
    """Creates the queue unless it exists."""
    try:
        await queue.create_queue()
    except ResourceExistsError:
        return
