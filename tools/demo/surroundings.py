"""Starts what the demo needs, and stops all of it: simulator, Azurite, task hub, host."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from emulators.arm import Durations, Role, ScaledClock, Simulator
from emulators.azurite import AzuriteServer
from tools.demo.fleet import BUILDS, CLONES, FLEET, GALLERY, GROUP, SCOPE, SUBSCRIPTION, Expected
from tools.rig.environment import ROLE_FILE, host_environment, place_settings
from tools.rig.hosted_app import HostedApp
from tools.rig.hub_process import HubPlace, HubProcess
from tools.rig.shared_time import SharedTime

REPLICATION = "only replicating an image takes 3 to 5 simulated minutes here instead of Azure's 8 to 25"
_DURATIONS = Durations(replicate_home=(170, 210), replicate_region=(250, 320))


@dataclass(kw_only=True)
class Surroundings(HostedApp):
    """All that runs."""

    simulator: Simulator
    hub: HubProcess

    async def kill(self) -> None:
        """Send SIGKILL to host and hub at once."""
        host = self.hosts["one"]
        await asyncio.gather(host.kill(), asyncio.to_thread(self.hub.kill))
        await host.stop()

    async def start(self) -> None:
        """Start hub and host: the second time, on the same file."""
        place = self.hub.place
        await asyncio.to_thread(self.hub.start)
        await self.hub.serves()
        await self.start_host(engine=f"http://{place.address}", log_path=place.folder / "host.log")


@asynccontextmanager
async def surroundings(speed: float, folder: Path, fleet: tuple[Expected, ...] = FLEET) -> AsyncGenerator[Surroundings]:
    """Start everything, with its files in `folder`; on exit everything is stopped."""
    async with AsyncExitStack() as stack:
        azurite = AzuriteServer()
        stack.push_async_callback(asyncio.to_thread, azurite.stop)
        starting = asyncio.create_task(asyncio.to_thread(azurite.start))
        simulator = await stack.enter_async_context(_simulator(speed, fleet))
        hub = HubProcess(HubPlace(folder=folder, time=SharedTime.begin(speed)))
        stack.push_async_callback(asyncio.to_thread, hub.kill)
        environment = host_environment(
            simulator,
            scope=f"{SCOPE} {BUILDS}",
            triggers="queue",
            GOLDEN_APP_NAME="golden-demo",
            AzureWebJobsStorage=await starting,
            **place_settings("westeurope", BUILDS, _add_gallery(simulator)),
        )
        around = Surroundings(environment=environment, simulator=simulator, hub=hub)
        await stack.enter_async_context(around)
        await around.start()
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
