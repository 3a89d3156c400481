"""`python -m workbench.demo.crash`: host and hub are killed in every stage of every machine's life, and go on."""

import argparse
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

from workbench.arm_simulator import Fault, Injected, Simulator
from workbench.demo.fleet import FLEET, Expected, request_message
from workbench.demo.surroundings import Surroundings, surroundings
from workbench.demo.view import rows_of

REQUEST_ID = "crash"
RUN_ID = f"batch-{REQUEST_ID}"
_PATIENCE = 400.0
_EFFECTS = ("armed", "deprovisioned", "sysprep", "sealed", "generalized")
# One request of each stage: it is accepted, and its answer is withheld until host and hub are dead.
_STAGES = {
    "inspecting": "permissions.list",
    "deprovisioning": "runCommands.put",
    "stopping": "virtualMachines.get",
    "deallocating": "virtualMachines.deallocate",
    "generalizing": "virtualMachines.generalize",
}


class Traps:
    """For each machine a trap in its next stage; a request that is held in an earlier one is let go."""

    def __init__(self, simulator: Simulator) -> None:
        """Lay the first trap of every machine."""
        self._simulator = simulator
        self._left = {m.spec.name: list(_STAGES if m.outcome == "generalized" else ["inspecting"]) for m in FLEET}
        self.total = sum(len(stages) for stages in self._left.values())
        self._laid: dict[str, Injected] = {}
        for name in self._left:
            self._lay(name)

    @property
    def all_met(self) -> bool:
        """Whether every machine was met in every stage."""
        return not self._laid

    def sprung(self, stages: dict[str, str]) -> dict[str, str]:
        """Give machine to stage for the traps that hold a request now, by the stages that the app tells."""
        held: dict[str, str] = {}
        for name, trap in list(self._laid.items()):
            if not trap.held.is_set() or name not in stages:
                continue
            if stages[name] == self._left[name][0]:
                held[name] = stages[name]
            else:
                trap.released.set()
                self._lay(name)
        return held

    def let_go(self, names: Iterable[str]) -> None:
        """Release what is held, and lay each machine's next trap."""
        for name in names:
            self._laid.pop(name).released.set()
            self._left[name].pop(0)
            self._lay(name)

    def _lay(self, name: str) -> None:
        if self._left[name]:
            operation = _STAGES[self._left[name][0]]
            self._laid[name] = self._simulator.inject(Fault(kind="hold", vm=name, operation=operation))


def main() -> int:
    """Run it; exit 0 only if every machine ended as it must and nothing irreversible was done twice."""
    parser = argparse.ArgumentParser(prog="python -m workbench.demo.crash", description=__doc__)
    parser.add_argument("--speed", type=float, default=20.0, help="simulated seconds in a real second (default 20)")
    speed = parser.parse_args().speed
    with tempfile.TemporaryDirectory(prefix="golden-crash-") as folder:
        try:
            return asyncio.run(_run(Console(), speed, Path(folder)))
        except KeyboardInterrupt:
            print("crash demo: interrupted, everything stopped", flush=True)
            return 130


async def _run(console: Console, speed: float, folder: Path) -> int:
    async with surroundings(speed, folder) as around:
        traps = Traps(around.simulator)
        console.print(f"killing host and hub in {traps.total} stages of {len(FLEET)} machines", highlight=False)
        await around.send(request_message(REQUEST_ID))
        kills = await _kill_and_start(console, around, traps)
        return _tell(console, around.simulator, kills)


async def _kill_and_start(console: Console, around: Surroundings, traps: Traps) -> int:
    """Whenever a request is held, kill both, let the simulator answer nobody, and start both again."""
    kills, deadline = 0, time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        run = await _run_now(around)
        held = traps.sprung({row.name: row.stage for row in rows_of(run, _machines(around.simulator))})
        if held:
            await around.kill()
            kills += 1
            traps.let_go(held)
            where = ", ".join(f"{name} {stage}" for name, stage in held.items())
            console.print(f"  kill {kills:>2}: {where}", highlight=False, soft_wrap=True)
            await around.start_again()
        elif traps.all_met and run.get("runtimeStatus") in {"COMPLETED", "FAILED", "TERMINATED"}:
            return kills
        await asyncio.sleep(0.05)
    raise TimeoutError(f"the run had not ended after {_PATIENCE:.0f} s")


def _machines(simulator: Simulator) -> dict[str, Any]:
    return {machine.spec.name: simulator.machine(machine.spec.name) for machine in FLEET}


async def _run_now(around: Surroundings) -> dict[str, Any]:
    try:
        return await around.run(RUN_ID)
    except aiohttp.ClientError:
        return {}


def _tell(console: Console, simulator: Simulator, kills: int) -> int:
    repeated = 0
    ended: Counter[str] = Counter()
    for expected in FLEET:
        machine = simulator.machine(expected.spec.name)
        effects = Counter(effect.kind for effect in machine.effects)
        twice = {kind: effects[kind] for kind in _EFFECTS if effects[kind] > 1}
        repeated += sum(count - 1 for count in twice.values())
        ended[_outcome(simulator, expected)] += 1
        orders = Counter(r.operation for r in simulator.requests(expected.spec.name) if r.method in {"PUT", "POST"})
        console.print(
            f"  {expected.spec.name:<7} effects {_counts(effects)}; orders {_counts(orders)}", highlight=False
        )
    console.print(
        "an order that stands twice was sent again because its answer was lost: it is looked for first "
        "(Run Command, generalize), harmless (deallocate), or a read (serial log)",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"\ncrash demo: killed {kills} times, {ended['generalized']} generalized, {ended['refused']} refused, "
        f"{repeated} effects repeated",
        highlight=False,
    )
    as_expected = all(_outcome(simulator, expected) == expected.outcome for expected in FLEET)
    return 0 if as_expected and repeated == 0 else 1


def _outcome(simulator: Simulator, expected: Expected) -> str:
    machine = simulator.machine(expected.spec.name)
    if machine.generalized and machine.power == "deallocated":
        return "generalized"
    return "refused" if machine.power == "running" and machine.armed_count == 0 else "failed"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.items()) or "none"


if __name__ == "__main__":
    sys.exit(main())
