"""The conformance app on the real extension and Azurite."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import aiohttp
from durabletask.client import AsyncTaskHubGrpcClient

from emulators.functions_host import ExtensionEngine, FunctionsHost
from tools.conformance.stack import Stack

APP = Path(__file__).parent / "app"
WINDOW = "AzureFunctionsJobHost__extensions__durableTask__entityMessageReorderWindowInMinutes"
HUB = "AzureFunctionsJobHost__extensions__durableTask__hubName"
# Of the app's host.json: maxQueuePollingInterval.
_POLLING_SECONDS = 2.0
# Two polling intervals, and the time of a turn on a busy machine.
_QUIET_SECONDS = 6.0


@asynccontextmanager
async def extension_stack(storage: str, hub: str, settings: Mapping[str, str] | None = None) -> AsyncGenerator[Stack]:
    """Runs the app in this process on a storage account, with a hub of its own; stops all of it.

    Only one Functions host may run in a process at a time.
    """
    engine = ExtensionEngine()
    given = {"AzureWebJobsStorage": storage, HUB: hub, "NO_PROXY": "127.0.0.1", **(settings or {})}

    async def quiet() -> None:
        await asyncio.sleep(_QUIET_SECONDS)

    async with FunctionsHost(APP, engine=engine, settings=given) as host, aiohttp.ClientSession() as http:
        client = AsyncTaskHubGrpcClient(host_address=host.engine_address)
        try:
            webhooks = f"{host.url}/runtime/webhooks/durabletask"
            yield Stack(client, http, webhooks, quiet, nullcontext, host.lose_worker_in, _POLLING_SECONDS)
        finally:
            await client.close()
