"""The conformance app on the embedded task hub, whose clock jumps to the next timer when it is idle."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
from durabletask.client import AsyncTaskHubGrpcClient

from emulators.functions_host import FunctionsHost
from emulators.task_hub import BackendOptions, HubThread, VirtualClock
from tools.conformance.stack import Stack

APP = Path(__file__).parent / "app"
_LOOK_SECONDS = 0.01
_POLLS_IN_A_ROW = 3
_PATIENCE_SECONDS = 20.0


@asynccontextmanager
async def hub_stack(settings: Mapping[str, str] | None = None) -> AsyncGenerator[Stack]:
    """Runs the app in this process on a hub with the app's host.json, overridden by `settings`; stops all of it."""
    options = BackendOptions.of_host_json(APP / "host.json", settings or {})
    clock = VirtualClock()
    hub = HubThread(clock=clock, options=options)
    address = await asyncio.to_thread(hub.start)

    async def quiet() -> None:
        seen = 0
        while seen < _POLLS_IN_A_ROW:
            await asyncio.sleep(_LOOK_SECONDS)
            seen = seen + 1 if hub.is_idle() else 0

    @contextmanager
    def time_stands() -> Generator[None]:
        clock.allow(clock.now())
        try:
            yield
        finally:
            clock.allow(None)

    try:
        async with FunctionsHost(APP, engine=f"http://{address}") as host, aiohttp.ClientSession() as http:
            client = AsyncTaskHubGrpcClient(host_address=address)
            try:
                webhooks = f"{host.url}/runtime/webhooks/durabletask"
                polling = options.max_polling_interval.total_seconds()
                yield Stack(client, http, webhooks, quiet, time_stands, host.lose_worker_in, polling, _PATIENCE_SECONDS)
            finally:
                await client.close()
    finally:
        await asyncio.to_thread(hub.stop)
