"""Starts what the demo needs, stops all of it again: simulator, Azurite, engine, host."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from azure.storage.queue.aio import QueueClient

from workbench.arm_simulator import Role, ScaledClock, Simulator
from workbench.azurite_server import AzuriteServer
from workbench.demo.fleet import FLEET, SCOPE
from workbench.functions_host import HostProcess
from workbench.timed_engine import ScaledClock as EngineClock
from workbench.timed_engine import TimedBackend

ROOT = Path(__file__).parents[2]
API_VERSION = "2025-11-05"


@dataclass
class Surroundings:
    """All that runs, and the two ways to talk to it: queues and HTTP."""

    simulator: Simulator
    host: HostProcess
    storage: str
    http: aiohttp.ClientSession

    async def send(self, text: str) -> None:
        """Put a message on `image-requests`, base64 as other systems do."""
        async with self._queue("image-requests") as queue:
            await queue.send_message(base64.b64encode(text.encode()).decode())

    async def receive(self, name: str) -> list[str]:
        """Take every message that is on a queue now, decoded; none if the queue was never made."""
        from azure.core.exceptions import ResourceNotFoundError

        texts: list[str] = []
        async with self._queue(name) as queue:
            try:
                async for message in queue.receive_messages(messages_per_page=32):
                    texts.append(base64.b64decode(message.content).decode())
                    await queue.delete_message(message)
            except ResourceNotFoundError:
                return []
        return texts

    async def run(self, run_id: str) -> dict[str, Any]:
        """Ask the HTTP door about a run; empty as long as it is not known."""
        async with self.http.get(f"{self.host.url}/api/runs/{run_id}") as response:
            return await response.json() if response.status == 200 else {}

    def _queue(self, name: str) -> QueueClient:
        return QueueClient.from_connection_string(self.storage, name, api_version=API_VERSION)


@asynccontextmanager
async def surroundings(speed: float, log: Path) -> AsyncGenerator[Surroundings]:
    """Start everything; whatever happens inside, nothing is left running."""
    async with AsyncExitStack() as stack:
        azurite = AzuriteServer()
        stack.push_async_callback(asyncio.to_thread, azurite.stop)
        storage = await asyncio.to_thread(azurite.start)
        simulator = await stack.enter_async_context(
            Simulator(
                machines=[machine.spec for machine in FLEET],
                clock=ScaledClock(speed),
                role=Role.from_file(ROOT / "infra" / "role.json"),
            )
        )
        engine = TimedBackend(EngineClock(datetime.now(UTC), speed))
        address = engine.start()
        stack.callback(engine.stop)
        environment = {**simulator.environment(), **_settings(simulator, storage)}
        host = await stack.enter_async_context(
            HostProcess(ROOT, env=environment, engine=f"http://{address}", log_path=log)
        )
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Surroundings(simulator, host, storage, http)


def _settings(simulator: Simulator, storage: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": storage,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "GOLDEN_ARM_ENDPOINT": simulator.endpoint,
        "GOLDEN_CA_FILE": str(simulator.ca_file),
        "GOLDEN_ALLOWED_SCOPES": SCOPE,
        "GOLDEN_IN_PLACE_DOORS": "queue",
        "GOLDEN_TIMER_SCHEDULE": "0 0 4 * * 0",
        "GOLDEN_CLIENT_ID": "00000000-0000-0000-0000-00000000c11e",
        "GOLDEN_APP_NAME": "golden-demo",
        "NO_PROXY": "127.0.0.1",
    }
