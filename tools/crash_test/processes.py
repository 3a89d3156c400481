"""The hub's and the worker's process, which are killed and started again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from emulators.arm import Role, ScaledClock, Simulator
from emulators.task_hub import LostWorker
from tools.crash_test.patient_client import PatientClient
from tools.crash_test.worker_process import Rig, run_worker
from tools.rig.environment import ROLE_FILE, operator_settings, product_environment
from tools.rig.forked_process import ForkedProcess, import_once
from tools.rig.hub_process import HubProcess
from tools.rig.shared_time import SharedTime

type Part = Literal["hub", "worker"]

# A worker's imports alone take three seconds.
_IMPORTED = [
    "tools.crash_test.worker_process",
    "aiohttp",
    "azure.core.pipeline.transport._aiohttp",
    "azure.identity.aio",
    "azure.mgmt.compute.aio",
]


class Crew:
    """The processes that are killed. An end that was not a kill is an error (`ended_by_themselves`)."""

    def __init__(self, rig: Rig) -> None:
        """Start none yet."""
        import_once(*_IMPORTED)
        self.rig = rig
        self._processes: dict[Part, ForkedProcess[Any]] = {
            "hub": HubProcess(rig),
            "worker": ForkedProcess(run_worker, rig, rig.log_file),
        }

    async def begin(self, *parts: Part) -> None:
        """Start processes."""
        for part in parts:
            await asyncio.to_thread(self._processes[part].start)

    async def kill(self, *parts: Part) -> None:
        """Send SIGKILL to one after another, and wait until each is gone."""
        for part in parts:
            await asyncio.to_thread(self._processes[part].kill)

    def ended_by_themselves(self) -> list[str]:
        """Return the processes that ended by themselves, with their exit codes."""
        ended = {part: process.exit_status for part, process in self._processes.items()}
        return [f"the {part} ended by itself with {code}" for part, code in ended.items() if code is not None]


@asynccontextmanager
async def running_crew(
    folder: Path, *, speed: float, seed: int, scope: str, lost_worker: LostWorker = LostWorker.HOST
) -> AsyncGenerator[tuple[Simulator, Crew, PatientClient]]:
    """Start simulator, hub and worker, their files in `folder`; the app may change every VM of the scope."""
    clock, role = ScaledClock(speed), Role.from_file(ROLE_FILE)
    async with Simulator(clock=clock, role=role, throttling=False, seed=seed, emulate_linux=True) as simulator:
        environment = product_environment(simulator, **operator_settings(scope))
        time = SharedTime.begin(speed, clock.now())
        crew = Crew(Rig(folder=folder, time=time, lost_worker=lost_worker, environment=environment))
        client = PatientClient(crew.rig.address)
        try:
            await crew.begin("hub", "worker")
            yield simulator, crew, client
        finally:
            await client.close()
            await crew.kill("hub", "worker")
