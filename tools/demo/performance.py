"""The demo from start to end: sends the message, shows progress, prints the results and checks them."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from contracts.queues import REJECTED_QUEUE, REQUESTS_QUEUE, RESULTS_QUEUE
from tools.demo.fleet import Expected, request_message, run_id_of
from tools.demo.fleet_view import Sight
from tools.demo.proof import problems_of
from tools.demo.report import last_line, lines_of
from tools.demo.surroundings import REPLICATION, Surroundings, surroundings
from tools.demo.view import PlainView, TerminalView, View

REQUEST_ID = "nightly-refresh"
_PATIENCE = 240.0
_POLL_SECONDS = 0.25


@dataclass
class Outcome:
    """What the app reported and did, read from its queue, its HTTP trigger and the simulator's VMs."""

    results: dict[str, dict[str, Any]]
    run: dict[str, Any] | None
    rejections: list[dict[str, Any]]
    rejected: list[str]


async def perform(console: Console, speed: float, folder: Path, fleet: tuple[Expected, ...]) -> bool:
    """Return whether every VM ended as expected."""
    began = time.monotonic()
    say(console, "starting: simulator of Azure Resource Manager, Azurite, task hub on SQLite, Functions host …")
    async with surroundings(speed, folder, fleet) as around:
        say(console, f"ready after {time.monotonic() - began:.1f} s; one real second is {speed:g} simulated seconds")
        say(console, f"durations follow Azure's, the waits are the app's defaults; {REPLICATION}\n")
        simulated_start = around.simulator.clock.now()
        sight = Sight(around.simulator, fleet, REQUEST_ID)
        await _ask(console, around, fleet)
        await _watch(console, around, sight, simulated_start.timestamp())
        outcome = await _read(around, len(fleet))
        simulated = (around.simulator.clock.now() - simulated_start).total_seconds()
        good = _report(console, sight, outcome)
        say(console, "\n" + last_line(sight, outcome.results, time.monotonic() - began, simulated))
    return good


def say(console: Console, line: str) -> None:
    """Print a line unchanged: not wrapped, not colored."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


async def _ask(console: Console, around: Surroundings, fleet: tuple[Expected, ...]) -> None:
    message = request_message(REQUEST_ID, fleet)
    say(console, f"{REQUESTS_QUEUE} <- {message[:60]}… ({len(fleet)} VMs: in place, or cloned and published)")
    say(console, f"{REQUESTS_QUEUE} <- the same message again, and one that is not a request\n")
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
            await asyncio.sleep(_POLL_SECONDS)
    finally:
        view.close()
    raise TimeoutError(f"the run had not ended after {_PATIENCE:.0f} s")


async def _read(around: Surroundings, vms: int) -> Outcome:
    """Read until the run's result and the rejection have arrived: they are the last two messages."""
    messages: list[dict[str, Any]] = []
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        messages += [json.loads(text) for text in await around.receive(RESULTS_QUEUE)]
        kinds = Counter(message["kind"] for message in messages)
        if kinds["run"] and kinds["rejected"] and kinds["vm"] >= vms:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return Outcome(
        results={m["vmId"].rsplit("/", 1)[1]: m for m in messages if m["kind"] == "vm"},
        run=next((m for m in messages if m["kind"] == "run"), None),
        rejections=[m for m in messages if m["kind"] == "rejected"],
        rejected=await around.receive(REJECTED_QUEUE),
    )


def _report(console: Console, sight: Sight, outcome: Outcome) -> bool:
    say(console, f"\nresults on {RESULTS_QUEUE}:")
    problems: list[str] = []
    for vm in sight.fleet:
        result = outcome.results.get(vm.name)
        for line in lines_of(vm, result, sight) if result else ():
            say(console, line)
        problems += problems_of(vm, result, sight)
    for rejection in outcome.rejections:
        faults = "; ".join(f"{fault['path']} {fault['message']}" for fault in rejection["faults"])
        say(console, f"  rejected: {faults}")
    if len(outcome.rejections) != 1 or len(outcome.rejected) != 1:
        problems.append(f"the invalid message was not rejected exactly once and put on {REJECTED_QUEUE}")
    if outcome.run is None:
        problems.append("no result of the run")
    for problem in problems:
        say(console, f"not as expected: {problem}")
    return not problems
