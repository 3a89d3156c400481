"""One test: start simulator, hub and worker, kill as planned, wait for the end, check."""

import asyncio
import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from emulators.task_hub import LostWorker
from tools.crash_test.examination import Findings, examine
from tools.crash_test.fleet import BUILDS, SCOPE
from tools.crash_test.journal import read_journal
from tools.crash_test.killing import Done, Killer, Standstill, plan_kills
from tools.crash_test.load import Load
from tools.crash_test.processes import running_crew

_SETTLE_SECONDS = 120.0
_EXAMINATION_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """The size of a test: kills, seed, concurrent runs of the app, simulated seconds in a real second.

    `lost_worker`: what the end of a worker stands for. Where it is the worker's process in a living host, its
    activities and entity operations fail, and the plain programs, which do not retry, are left out.
    """

    kills: int = 200
    seed: int = 1
    lanes: int = 3
    speed: float = 40.0
    lost_worker: LostWorker = LostWorker.HOST


@dataclass
class Outcome:
    """The findings, the kills as they took place, and the folder that is kept if something was wrong.

    `problems`: why the test could not be completed; what it could not check counts as lost.
    """

    folder: Path
    findings: Findings = field(default_factory=Findings)
    kills: list[Done] = field(default_factory=list[Done])
    problems: list[str] = field(default_factory=list[str])


async def run_test(options: Options, report: Callable[[str], None]) -> Outcome:
    """Run it; the folder with the hub's file, the journal and the processes' log is removed if all was well."""
    outcome = Outcome(Path(tempfile.mkdtemp(prefix="kill-test-")))
    try:
        await _run(options, report, outcome)
    except Exception:
        # Whatever the error was, the kills so far and the folder must be reported.
        outcome.problems.append(traceback.format_exc())
    outcome.findings.lost.extend(outcome.problems)
    if not outcome.findings.all:
        shutil.rmtree(outcome.folder, ignore_errors=True)
    return outcome


async def _run(options: Options, report: Callable[[str], None], outcome: Outcome) -> None:
    together = running_crew(
        outcome.folder,
        speed=options.speed,
        seed=options.seed,
        scope=f"{SCOPE} {BUILDS}",
        lost_worker=options.lost_worker,
    )
    async with together as (simulator, crew, client):
        simulator.world.add_network(BUILDS, "westeurope")
        load = Load(client, simulator, random.Random(options.seed))  # noqa: S311 - repeatable, not secret
        running = asyncio.create_task(load.run(options.lanes, plain=options.lost_worker is LostWorker.HOST))
        try:
            await _kill(options, Killer(crew, simulator, outcome.kills.append), running, outcome, report)
            report("no more kills: waiting until everything that was started has ended")
            load.stop()
            await _settle(running, outcome)
            async with asyncio.timeout(_EXAMINATION_SECONDS):
                outcome.findings = await examine(client, simulator, load.book, read_journal(crew.rig.journal_file))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            outcome.problems.extend(crew.ended_by_themselves())


async def _settle(running: asyncio.Task[None], outcome: Outcome) -> None:
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            await running
    except TimeoutError:
        outcome.problems.append(f"not everything ended within {_SETTLE_SECONDS:.0f} s of the last kill")


async def _kill(
    options: Options, killer: Killer, running: asyncio.Task[None], outcome: Outcome, report: Callable[[str], None]
) -> None:
    since = time.monotonic()
    for kill in plan_kills(options.kills, options.seed):
        try:
            await killer.carry_out(kill)
        except Standstill as standstill:
            # What was lost is found by the examination, with details.
            outcome.problems.append(str(standstill))
            return
        if running.done():
            await running
        if kill.number % 10 == 0 or kill.number == options.kills:
            report(f"{kill.number} kills, {_withheld(outcome)} before an answer, {time.monotonic() - since:.0f} s")
    if _withheld(outcome) * 2 < options.kills:
        outcome.problems.append(f"only {_withheld(outcome)} of {options.kills} kills were while an answer was withheld")


def _withheld(outcome: Outcome) -> int:
    return sum(bool(done.withheld) for done in outcome.kills)
