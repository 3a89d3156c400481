"""SIGKILL of the extension, or of the app, in every stage of runs in place and of clones."""

import asyncio
import time
from dataclasses import dataclass

from contracts.stages import Stage
from emulators.arm import Fault, Injected, Simulator
from tools.demo.fleet import Expected
from tools.real_engine.fleet import clone, in_place, new_windows
from tools.real_engine.lanes import Ground
from tools.real_engine.report import expect
from tools.real_engine.runs import Run
from tools.real_engine.station import ENDED, Station
from tools.real_engine.victims import Kill, kill_app, kill_extension
from tools.rig.held_requests import CLONE, IN_PLACE

LANES = {"killextension": kill_extension, "killapp": kill_app}
_TARGETS = {"killextension": "the extension", "killapp": "the app"}
# One request of each stage: it is accepted, and its answer is withheld until the process is dead.
# Each clone is held in two stages, so far apart that the clones' stages coincide.
_PAIRS = (
    (Stage.CLONING, Stage.VALIDATING),
    (Stage.CUSTOMIZING, Stage.PUBLISHING),
    (Stage.DEPROVISIONING, Stage.CLEANING_UP),
)
# The extension writes a run's status after it has sent the activity: for so long it may show the previous stage.
_STATUS_SECONDS = 3.0
# The Azure SDK cancels a request after 60 s, and sends it again.
_HOLD_SECONDS = 40.0
_PATIENCE_SECONDS = 560.0


@dataclass
class Met:
    """A VM, the stages in which its run is still to be held, and the fault that holds it in the next one."""

    vm: Expected
    stages: list[tuple[Stage, str]]
    trap: Injected | None = None
    caught_at: float | None = None
    held_since: float | None = None


def _fleet() -> list[Met]:
    alone = [Met(in_place(f"in-{stage.lower()}"), [(stage, operation)]) for stage, operation in IN_PLACE.items()]
    refused = Met(new_windows("in-refused"), [(Stage.INSPECTING, IN_PLACE[Stage.INSPECTING])])
    clones = [Met(clone(f"of-{first.lower()}"), [(s, CLONE[s]) for s in (first, second)]) for first, second in _PAIRS]
    return [*alone, refused, *clones]


async def run_kills(ground: Ground, lane: str) -> None:
    """Kills one of the two processes whenever runs are held in the planned stages, until all were reached."""
    fleet = _fleet()
    async with ground.station(lane, [each.vm for each in fleet]) as station:
        await station.start()
        run = Run(station, lane, [each.vm for each in fleet], maxParallel=len(fleet))
        for each in fleet:
            _lay(station.simulator, run, each)
        await run.send()
        stages = sum(len(each.stages) for each in fleet)
        name = f"SIGKILL of {_TARGETS[lane]} in {stages} stages of {len(fleet)} runs"
        await ground.report.check(name, _kill_until_met(station, run, fleet, LANES[lane]))
        await ground.report.check(f"after SIGKILL of {_TARGETS[lane]}: outcomes, effects once", _ended(run))


async def _ended(run: Run) -> None:
    document = await run.ends(300)
    expect(document["counts"] == {"generalized": 6, "refused": 1, "published": 3}, document["counts"])


async def _kill_until_met(station: Station, run: Run, fleet: list[Met], kill: Kill) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(each.trap is not None for each in fleet):
        expect(time.monotonic() < deadline, f"stages not reached: {_left(fleet)}")
        seen = await station.run(run.run_id)
        expect(seen.get("runtimeStatus") not in ENDED, f"the run ended before all stages were reached: {_left(fleet)}")
        await _poll(station, run, fleet)
        held = [each for each in fleet if each.held_since is not None]
        if _is_time(fleet, held):
            await kill(station, "one")
            for each in held:
                assert each.trap is not None
                each.trap.released.set()
                each.stages.pop(0)
                _lay(station.simulator, run, each)
            await station.start()
        await asyncio.sleep(0.5)


def _left(fleet: list[Met]) -> str:
    return "; ".join(f"{each.vm.name}: {[stage for stage, _ in each.stages]}" for each in fleet if each.stages)


def _is_time(fleet: list[Met], held: list[Met]) -> bool:
    """Whether every VM with a planned stage is held, or one for so long that its request would be repeated."""
    oldest = min((each.held_since for each in held if each.held_since is not None), default=time.monotonic())
    everyone = bool(held) and all(each.held_since is not None for each in fleet if each.trap is not None)
    return everyone or time.monotonic() - oldest > _HOLD_SECONDS


async def _poll(station: Station, run: Run, fleet: list[Met]) -> None:
    """Records which VMs are held; a request held in an earlier stage is released, and the fault injected again."""
    for each in fleet:
        if each.trap is None or each.held_since is not None or not each.trap.held.is_set():
            continue
        each.caught_at = each.caught_at or time.monotonic()
        seen = await station.run(run.of(each.vm))
        if seen.get("status", {}).get("stage") == each.stages[0][0]:
            each.held_since = each.caught_at
        elif seen and time.monotonic() - each.caught_at > _STATUS_SECONDS:
            each.trap.released.set()
            _lay(station.simulator, run, each)


def _lay(simulator: Simulator, run: Run, each: Met) -> None:
    each.trap = each.caught_at = each.held_since = None
    if each.stages:
        _, operation = each.stages[0]
        fault = Fault(kind="hold", path=each.vm.traces(run.request_id), operation=operation)
        each.trap = simulator.inject(fault)
