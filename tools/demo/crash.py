"""`python -m tools.demo.crash`: kills host and hub in every stage of every VM, and starts them again."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from contracts.stages import Stage
from emulators.arm import Fault, Injected, Simulator
from tools.demo.fleet import FLEET, REGIONS, Expected, read_arguments, request_message, run_id_of
from tools.demo.fleet_view import Sight, stages_of
from tools.demo.proof import ONCE
from tools.demo.surroundings import Surroundings, surroundings
from tools.rig.forked_process import import_once
from tools.rig.held_requests import CLONE, IN_PLACE

REQUEST_ID = "crash"
# One Linux fewer in place and one clone: every kill costs seconds.
CRASH_FLEET = tuple(vm for vm in FLEET if vm.name not in {"db-01", "app-03"})
_PATIENCE = 400.0
# One request of each stage: it is accepted, and its answer is withheld until host and hub are dead.
_STAGES = {"refused": {Stage.INSPECTING: IN_PLACE[Stage.INSPECTING]}, "generalized": IN_PLACE, "published": CLONE}


class Traps:
    """For each VM, a fault that holds a request of its next stage; one held in an earlier stage is released."""

    def __init__(self, simulator: Simulator, fleet: tuple[Expected, ...]) -> None:
        """Inject the first fault of every VM."""
        self._simulator = simulator
        self._traces = {vm.name: vm.traces(REQUEST_ID) for vm in fleet}
        self._left: dict[str, list[tuple[str, str]]] = {vm.name: [*_STAGES[vm.outcome].items()] for vm in fleet}
        self.total = sum(len(stages) for stages in self._left.values())
        self._laid: dict[str, Injected] = {}
        for name in self._left:
            self._lay(name)

    @property
    def all_met(self) -> bool:
        """Whether a request of every VM was held in every stage."""
        return not self._laid

    def holding(self) -> list[str]:
        """Return the VMs of which a request is held now."""
        return [name for name, trap in self._laid.items() if trap.held.is_set()]

    def sprung(self, holding: list[str], stages: dict[str, str]) -> dict[str, str]:
        """Return VM to stage for the requests that are held, by the stages that the app has reported since."""
        held: dict[str, str] = {}
        for name in holding:
            if stages.get(name) == self._left[name][0][0]:
                held[name] = stages[name]
            elif name in stages:
                self._laid[name].released.set()
                self._lay(name)
        return held

    def let_go(self, names: Iterable[str]) -> None:
        """Release what is held, and inject each VM's next fault."""
        for name in names:
            self._laid.pop(name).released.set()
            self._left[name].pop(0)
            self._lay(name)

    def _lay(self, name: str) -> None:
        if self._left[name]:
            _, operation = self._left[name][0]
            fault = Fault(kind="hold", path=self._traces[name], operation=operation)
            self._laid[name] = self._simulator.inject(fault)


def main() -> int:
    """Run it; exit 0 only if every VM ended as expected and nothing irreversible was done twice."""
    speed, fleet = read_arguments("python -m tools.demo.crash", __doc__, 40.0, CRASH_FLEET)
    # Python runs this module once more in every process that is forked.
    import_once("tools.demo.surroundings", "tools.demo.proof", "rich.console")
    with tempfile.TemporaryDirectory(prefix="golden-crash-") as folder:
        try:
            return asyncio.run(_run(Console(), speed, Path(folder), fleet))
        except KeyboardInterrupt:
            print("crash demo: interrupted, everything stopped", flush=True)
            return 130


async def _run(console: Console, speed: float, folder: Path, fleet: tuple[Expected, ...]) -> int:
    async with surroundings(speed, folder, fleet) as around:
        traps, sight = Traps(around.simulator, fleet), Sight(around.simulator, fleet, REQUEST_ID)
        console.print(f"killing host and hub in {traps.total} stages of {len(fleet)} VMs", highlight=False)
        await around.send(request_message(REQUEST_ID, fleet))
        kills = await _kill_and_start(console, around, traps, fleet)
        return _report(console, around.simulator, sight, kills)


async def _kill_and_start(console: Console, around: Surroundings, traps: Traps, fleet: tuple[Expected, ...]) -> int:
    """Whenever a request is held, kill both processes, drop the answer, and start both again."""
    kills, deadline = 0, time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        # In this order: a stage read before the request was held may be the previous one.
        holding = traps.holding()
        run = await _run_now(around)
        held = traps.sprung(holding, stages_of(run, fleet))
        if held:
            await around.kill()
            kills += 1
            traps.let_go(held)
            where = ", ".join(f"{name} {stage}" for name, stage in held.items())
            console.print(f"  kill {kills:>2}: {where}", highlight=False, soft_wrap=True)
            await around.start()
        elif run.get("runtimeStatus") in {"COMPLETED", "FAILED", "TERMINATED"}:
            return kills if traps.all_met else -kills
        await asyncio.sleep(0.05)
    raise TimeoutError(f"the run had not ended after {_PATIENCE:.0f} s")


async def _run_now(around: Surroundings) -> dict[str, Any]:
    try:
        return await around.run(run_id_of(REQUEST_ID))
    except aiohttp.ClientError:
        return {}


def _report(console: Console, simulator: Simulator, sight: Sight, kills: int) -> int:
    repeated, as_expected = _created_again(simulator), True
    ended: Counter[str] = Counter()
    for expected in sight.fleet:
        outcome = _outcome(sight, expected)
        ended[outcome] += 1
        as_expected = as_expected and outcome == expected.outcome
        effects: Counter[str] = Counter()
        for worker in sight.workers(expected):
            each = Counter(effect.kind for effect in worker.effects)
            repeated += sum(each[kind] - 1 for kind in ONCE if each[kind] > 1)
            effects += each
        submitted = Counter(r.operation for r in sight.requests(expected) if r.method in {"PUT", "POST"})
        line = f"  {expected.name:<6} {outcome}; effects {_counts(effects)}; requests {_counts(submitted)}"
        console.print(line, highlight=False, soft_wrap=True)
    console.print(
        "a request that is counted twice was sent again because its answer was lost: the app checks its effect first "
        "(Run Command, generalize, every create), or repeating it is harmless (deallocate, restart, serial log)",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"\ncrash demo: killed {abs(kills)} times, {ended['generalized']} generalized, {ended['published']} published, "
        f"{ended['refused']} refused, {repeated} effects repeated",
        highlight=False,
        soft_wrap=True,
    )
    if kills < 0:
        console.print("the run ended before every stage was reached: try a lower --speed", highlight=False)
    return 0 if as_expected and repeated == 0 and kills > 0 else 1


def _created_again(simulator: Simulator) -> int:
    """How often a resource was created again that had been created before."""
    created = Counter(trace.id.lower() for trace in simulator.world.resource)
    return created.total() - len(created)


def _outcome(sight: Sight, expected: Expected) -> str:
    workers = sight.workers(expected)
    deprovisioned = [worker for worker in workers if worker.generalized]
    if sight.temporary(expected):
        return "failed"
    if expected.definition is not None:
        published = len(deprovisioned) == 1 and len(sight.latest_in(expected)) == len(REGIONS)
        return "published" if published and sight.as_before(expected) else "failed"
    if deprovisioned:
        return "generalized" if deprovisioned[0].power == "deallocated" else "failed"
    return "refused" if sight.as_before(expected) else "failed"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.items()) or "none"


if __name__ == "__main__":
    sys.exit(main())
