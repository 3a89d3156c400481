"""Starts what the demo needs, and stops all of it: simulator, Azurite, task hub, host."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from emulators.arm import Durations, Role, ScaledClock, Simulator
from emulators.azurite import AzuriteServer
from emulators.functions_host import HostProcess
from tools.demo.fleet import BUILDS, CLONES, FLEET, GALLERY, GROUP, SCOPE, SUBSCRIPTION, Expected
from tools.rig.environment import ROLE_FILE, ROOT, host_environment, place_settings
from tools.rig.hub_process import HubProcess

API_VERSION = "2025-11-05"
REPLICATION = "only replicating an image takes 3 to 5 simulated minutes here instead of Azure's 8 to 25"
_DURATIONS = Durations(replicate_home=(170, 210), replicate_region=(250, 320))


@dataclass
class Surroundings:
    """All that runs, and its two interfaces: queues and HTTP."""

    simulator: Simulator
    hub: HubProcess
    storage: str
    http: aiohttp.ClientSession
    log: Path
    host: HostProcess
    subnet_id: str

    async def send(self, text: str) -> None:
        """Put a message on `image-requests`, base64 as other systems do."""
        async with self._queue("image-requests") as queue:
            with suppress(ResourceExistsError):
                await queue.create_queue()
            await queue.send_message(base64.b64encode(text.encode()).decode())

    async def receive(self, name: str) -> list[str]:
        """Take every message that is on a queue now, decoded; none if the queue was never created."""
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
        """Return the status of a run from the HTTP trigger; empty as long as it is not known."""
        async with self.http.get(f"{self.host.url}/api/runs/{run_id}") as response:
            return await response.json() if response.status == 200 else {}

    async def kill(self) -> None:
        """Send SIGKILL to host and hub at once."""
        await asyncio.gather(self.host.kill(), self.hub.kill())
        await self.host.stop()

    async def start_again(self) -> None:
        """Start hub and host on the same file."""
        await self.hub.start()
        self.host = _host(self.simulator, self.hub, self.storage, self.log, self.subnet_id)
        await self.host.start()

    def _queue(self, name: str) -> QueueClient:
        return QueueClient.from_connection_string(self.storage, name, api_version=API_VERSION)


@asynccontextmanager
async def surroundings(speed: float, folder: Path, fleet: tuple[Expected, ...] = FLEET) -> AsyncGenerator[Surroundings]:
    """Start everything, with its files in `folder`; on exit everything is stopped."""
    async with AsyncExitStack() as stack:
        azurite = AzuriteServer()
        stack.push_async_callback(asyncio.to_thread, azurite.stop)
        starting = asyncio.create_task(asyncio.to_thread(azurite.start))
        simulator = await stack.enter_async_context(_simulator(speed, fleet))
        subnet_id = _add_gallery(simulator)
        hub = HubProcess(folder, speed)
        stack.push_async_callback(hub.stop)
        await hub.start()
        storage = await starting
        http = await stack.enter_async_context(aiohttp.ClientSession())
        log = folder / "host.log"
        host = _host(simulator, hub, storage, log, subnet_id)
        around = Surroundings(simulator, hub, storage, http, log, host, subnet_id)

        async def stop_host() -> None:
            await around.host.stop()

        stack.push_async_callback(stop_host)
        await around.host.start()
        yield around


def _simulator(speed: float, fleet: tuple[Expected, ...]) -> Simulator:
    role = Role.from_file(ROLE_FILE)
    vms = [vm.spec for vm in fleet]
    return Simulator(vms=vms, clock=ScaledClock(speed), role=role, durations=_DURATIONS)


def _add_gallery(simulator: Simulator) -> str:
    """Add the gallery and image definitions for the clones, and return the subnet of the temporary VMs."""
    world = simulator.world
    gallery = world.add_gallery(GALLERY, resource_group=GROUP, subscription_id=SUBSCRIPTION)
    for vm in CLONES:
        assert vm.definition is not None
        world.add_definition(gallery, vm.definition, vm.spec.os)
    return world.add_network(BUILDS, "westeurope")


def _host(simulator: Simulator, hub: HubProcess, storage: str, log: Path, subnet_id: str) -> HostProcess:
    environment = host_environment(
        simulator,
        scope=f"{SCOPE} {BUILDS}",
        triggers="queue",
        app_name="golden-demo",
        AzureWebJobsStorage=storage,
        **place_settings("westeurope", BUILDS, subnet_id),
    )
    return HostProcess(ROOT, env=environment, engine=f"http://{hub.address}", log_path=log)
