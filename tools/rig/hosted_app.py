"""The app in Functions hosts on one storage account, as seen from outside: its queues and HTTP triggers."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueServiceClient

from emulators.functions_host import HostProcess
from tools.rig.environment import ROOT

API_VERSION = "2025-11-05"
REQUESTS, RESULTS = "image-requests", "image-results"


@dataclass(kw_only=True)
class HostedApp:
    """The app: `environment` has all of its settings. Hosts are started by name; all end with the context."""

    environment: Mapping[str, str]
    app: Path = ROOT
    hosts: dict[str, HostProcess] = field(default_factory=dict[str, HostProcess])
    http: aiohttp.ClientSession = field(init=False)
    queues: QueueServiceClient = field(init=False)

    async def __aenter__(self) -> Self:
        """Open the connections; no host is started yet."""
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        storage = self.environment["AzureWebJobsStorage"]
        self.queues = QueueServiceClient.from_connection_string(storage, api_version=API_VERSION)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every host and close the connections."""
        await asyncio.gather(*(host.stop(60.0) for host in self.hosts.values()))
        await self.queues.close()
        await self.http.close()

    async def start_host(self, name: str = "one", **options: Any) -> HostProcess:
        """Start a host with these options of `HostProcess`, and wait until it serves."""
        self.hosts[name] = HostProcess(self.app, env=self.environment, **options)
        await self.hosts[name].start()
        return self.hosts[name]

    @property
    def url(self) -> str:
        """The address of the host that has the HTTP triggers: the one that was started first."""
        return next(iter(self.hosts.values())).url

    async def send(self, text: str | bytes) -> None:
        """Put a message on `image-requests`, base64 as other systems do."""
        queue = self.queues.get_queue_client(REQUESTS)
        with suppress(ResourceExistsError):
            await queue.create_queue()
        await queue.send_message(base64.b64encode(text.encode() if isinstance(text, str) else text).decode())

    async def receive(self, name: str = RESULTS) -> list[str]:
        """Take every message that is on a queue now, decoded; none if the queue was never created."""
        texts: list[str] = []
        queue = self.queues.get_queue_client(name)
        with suppress(ResourceNotFoundError):
            async for message in queue.receive_messages(messages_per_page=32):
                texts.append(base64.b64decode(message.content).decode())
                await queue.delete_message(message)
        return texts

    async def run(self, run_id: str) -> dict[str, Any]:
        """Return the status of a run from the HTTP trigger; empty as long as it is not known."""
        async with self.http.get(f"{self.url}/api/runs/{run_id}") as response:
            return await response.json() if response.status == 200 else {}
