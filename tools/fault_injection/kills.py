"""Kills task hub and worker once in each stage of the orchestration, while a request of that stage is unanswered."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.catalog import GOLDEN_IMAGE
from contracts.ids import NAME_PREFIX
from contracts.polling import Polling, PollingSettings
from contracts.results import VmResult
from contracts.run_commands import DEPROVISION, customizer
from contracts.stages import Stage
from emulators.arm import Fault, Injected, Simulator
from tools.crash_test.patient_client import PatientClient
from tools.crash_test.processes import Crew, running_crew
from tools.fault_injection.checking import Result, check
from tools.fault_injection.ends import End
from tools.fault_injection.matrix import Tried
from tools.fault_injection.scene import SCOPE, Scene, set_up
from tools.fault_injection.sight import observe

_SPEED = 100.0
_PATIENCE = 300.0
_DAY = 86_400
# Simulated time continues while the processes are dead: no stage may time out for that.
_WAITS = PollingSettings(
    **{
        name: Polling(**{**wait.model_dump(), "timeoutSeconds": _DAY})
        for name, wait in PollingSettings()
        if isinstance(wait, Polling)
    }
)
# The request of each stage that is accepted and not answered before both are dead; in a stage that only reads, any.
_REQUESTS: dict[Stage, tuple[str | None, str]] = {
    Stage.INSPECTING: ("GET", "/permissions$"),
    Stage.CLONING: ("PUT", "-os-snapshot$"),
    Stage.CUSTOMIZING: ("PUT", f"/{NAME_PREFIX}{customizer(0)}-"),
    Stage.DEPROVISIONING: ("PUT", f"/{NAME_PREFIX}{DEPROVISION}-"),
    Stage.STOPPING: ("GET", "-clone$"),
    Stage.DEALLOCATING: ("POST", "/deallocate$"),
    Stage.GENERALIZING: ("POST", "/generalize$"),
    Stage.PUBLISHING: ("PUT", "/versions/"),
    Stage.VALIDATING: ("PUT", "-validate$"),
    Stage.CLEANING_UP: ("DELETE", "-clone$"),
}
_WHY = "both processes were killed in this stage and started again: the run continues, and publishes"


@dataclass
class _Killed:
    """One run, the stage in which the processes are killed, and the fault that holds its request there."""

    stage: Stage
    scene: Scene
    trap: Injected | None = None
    met: bool = False

    @property
    def run_id(self) -> str:
        return self.scene.job.run_id


async def try_kills(seed: int, report: Callable[[str], None]) -> list[Tried]:
    """Start one run for each stage, all at once; whenever one is held in its stage, both processes are killed."""
    with tempfile.TemporaryDirectory(prefix="fault-matrix-") as folder:
        together = running_crew(Path(folder), speed=_SPEED, seed=seed, scope=SCOPE)
        async with together as (simulator, crew, client):
            runs = [_Killed(stage, set_up(simulator, f"kill-{stage.lower()}", polling=_WAITS)) for stage in _REQUESTS]
            for run in runs:
                if run.stage is not Stage.STOPPING:
                    _lay(simulator, run)
                await client.start(GOLDEN_IMAGE, run.scene.job.model_dump(mode="json", exclude_none=True), run.run_id)
            await _kill_in_each(simulator, crew, client, runs, report)
            return [await _examined(simulator, client, run) for run in runs]


def _lay(simulator: Simulator, run: _Killed) -> None:
    method, path = _REQUESTS[run.stage]
    group = f"/resourceGroups/{run.scene.group.resource_group}/"
    run.trap = simulator.inject(Fault("hold", method=method, path=f"{group}.*{path}"))


async def _kill_in_each(
    simulator: Simulator, crew: Crew, client: PatientClient, runs: list[_Killed], report: Callable[[str], None]
) -> None:
    """Continue until every run was held; a run that never reaches its stage is found by its check."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not all(run.met for run in runs):
        for run in runs:
            if run.stage is Stage.STOPPING and run.trap is None and await _stage(client, run) == str(Stage.STOPPING):
                _lay(simulator, run)
        held = [run for run in runs if run.trap is not None and run.trap.held.is_set() and not run.met]
        if held:
            await crew.kill("worker", "hub")
            for run in held:
                assert run.trap is not None
                run.met = True
                run.trap.released.set()
            report(f"killed both: {', '.join(run.stage for run in held)}")
            await crew.begin("hub", "worker")
        await asyncio.sleep(0.02)


async def _stage(client: PatientClient, run: _Killed) -> str | None:
    state = await client.state(run.run_id)
    status = state.get_custom_status() if state is not None else None
    return status.get("stage") if isinstance(status, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


async def _examined(simulator: Simulator, client: PatientClient, run: _Killed) -> Tried:
    name = f"SIGKILL of task hub and worker in {run.stage}"
    try:
        async with asyncio.timeout(_PATIENCE):
            await client.ended(run.run_id)
            state = await client.state(run.run_id)
    except TimeoutError:
        return Tried(name, _WHY, Result(wrong=(f"it had not ended after {_PATIENCE:.0f} s",)))
    if state is None or state.serialized_output is None:
        return Tried(name, _WHY, Result(wrong=("it has no result",)))
    result = VmResult.model_validate_json(state.serialized_output)
    return Tried(name, _WHY, check(observe(simulator, run.scene, result, met=int(run.met)), End()))
