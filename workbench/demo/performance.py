"""The demo from beginning to end: the message, the watching, the results, and whether all is as it must be."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from workbench.demo.fleet import FLEET, request_message, run_id_of
from workbench.demo.proof import troubles_of
from workbench.demo.sight import Sight
from workbench.demo.surroundings import REPLICATION, Surroundings, surroundings
from workbench.demo.telling import last_line, lines_of
from workbench.demo.view import PlainView, TerminalView, View

REQUEST_ID = "nightly-refresh"
_PATIENCE = 240.0
_LOOK_EVERY = 0.25


@dataclass
class Outcome:
    """What the system said and did, read from its queue, its HTTP door and the simulator's machines."""

    results: dict[str, dict[str, Any]]
    run: dict[str, Any] | None
    rejections: list[dict[str, Any]]
    rejected: list[str]


async def perform(console: Console, speed: float, folder: Path) -> bool:
    """Give whether every machine ended as it must."""
    began = time.monotonic()
    say(console, "starting: simulator of Azure Resource Manager, Azurite, task hub on SQLite, Functions host …")
    async with surroundings(speed, folder) as around:
        say(console, f"ready after {time.monotonic() - began:.1f} s; one real second is {speed:g} simulated seconds")
        say(console, f"durations follow Azure's, the waits are the app's defaults; {REPLICATION}\n")
        simulated_start = around.simulator.clock.now()
        sight = Sight(around.simulator, FLEET, REQUEST_ID)
        await _ask(console, around)
        await _watch(console, around, sight, simulated_start.timestamp())
        outcome = await _read(around)
        simulated = (around.simulator.clock.now() - simulated_start).total_seconds()
        good = _tell(console, sight, outcome)
        say(console, "\n" + last_line(sight, outcome.results, time.monotonic() - began, simulated))
    return good


def say(console: Console, line: str) -> None:
    """Print a line as it is: not wrapped, not coloured."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


async def _ask(console: Console, around: Surroundings) -> None:
    message = request_message(REQUEST_ID)
    say(console, f"image-requests <- {message[:60]}… ({len(FLEET)} machines: in place, or cloned and published)")
    say(console, "image-requests <- the same message once more, and one that is no request\n")
    await around.send(message)
    await around.send(message)
    await around.send('{"version": 1, "targets": [{"vmId": "web-01"}], "dryrun": true}')


async def _watch(console: Console, around: Surroundings, sight: Sight, simulated_start: float) -> None:
    view: View = TerminalView(console) if console.is_terminal else PlainView(console)
    deadline = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < deadline:
            run = await around.run(run_id_of(REQUEST_ID))
            view.show(sight.rows(run), around.simulator.clock.now().timestamp() - simulated_start)
            if run.get("runtimeStatus") in {"COMPLETED", "FAILED", "TERMINATED"}:
                return
            await asyncio.sleep(_LOOK_EVERY)
    finally:
        view.close()
    raise TimeoutError(f"the run had not ended after {_PATIENCE:.0f} s")


async def _read(around: Surroundings) -> Outcome:
    """Read until the run's own result and the rejection are there: the last two messages to come."""
    messages: list[dict[str, Any]] = []
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        messages += [json.loads(text) for text in await around.receive("image-results")]
        kinds = Counter(message["kind"] for message in messages)
        if kinds["run"] and kinds["rejected"] and kinds["machine"] >= len(FLEET):
            break
        await asyncio.sleep(_LOOK_EVERY)
    return Outcome(
        results={m["vmId"].rsplit("/", 1)[1]: m for m in messages if m["kind"] == "machine"},
        run=next((m for m in messages if m["kind"] == "run"), None),
        rejections=[m for m in messages if m["kind"] == "rejected"],
        rejected=await around.receive("image-requests-rejected"),
    )


def _tell(console: Console, sight: Sight, outcome: Outcome) -> bool:
    say(console, "\nresults on image-results:")
    troubles: list[str] = []
    for machine in sight.fleet:
        result = outcome.results.get(machine.name)
        for line in lines_of(machine, result, sight) if result else ():
            say(console, line)
        troubles += troubles_of(machine, result, sight)
    for rejection in outcome.rejections:
        faults = "; ".join(f"{fault['path']} {fault['message']}" for fault in rejection["faults"])
        say(console, f"  no request: {faults}")
    if len(outcome.rejections) != 1 or len(outcome.rejected) != 1:
        troubles.append("the message that is no request was not answered once and kept once")
    if outcome.run is None:
        troubles.append("no result of the run")
    for trouble in troubles:
        say(console, f"not as expected: {trouble}")
    return not troubles
