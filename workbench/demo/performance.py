"""The demo itself: send real messages, watch, read the results, compare with what must have happened."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from workbench.demo.fleet import FLEET, request_message
from workbench.demo.surroundings import Surroundings, surroundings
from workbench.demo.view import PlainView, Row, TerminalView, View, clock, rows_of

REQUEST_ID = "nightly-refresh"
RUN_ID = f"batch-{REQUEST_ID}"
_PATIENCE = 150.0
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
    console.print("starting: simulator of Azure Resource Manager, Azurite, task hub on SQLite, Functions host …")
    async with surroundings(speed, folder) as around:
        ready = time.monotonic() - began
        console.print(f"ready after {ready:.1f} s; one real second is {speed:g} simulated seconds\n")
        simulated_start = around.simulator.clock.now()
        message = request_message(REQUEST_ID)
        console.print(f"image-requests <- {message[:100]}…", highlight=False)
        console.print("image-requests <- the same message once more, and one that is no request\n")
        await around.send(message)
        await around.send(message)
        await around.send('{"version": 1, "targets": [{"vmId": "web-01"}], "dryrun": true}')
        await _watch(console, around, simulated_start.timestamp())
        outcome = await _read(around)
        simulated = (around.simulator.clock.now() - simulated_start).total_seconds()
        good = _tell(console, around, outcome)
        _last_line(console, around, outcome, time.monotonic() - began, simulated)
    return good


async def _watch(console: Console, around: Surroundings, simulated_start: float) -> None:
    view: View = TerminalView(console) if console.is_terminal else PlainView(console)
    deadline = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < deadline:
            run = await around.run(RUN_ID)
            rows = _rows(around, run)
            view.show(rows, around.simulator.clock.now().timestamp() - simulated_start)
            if run.get("runtimeStatus") in {"COMPLETED", "FAILED", "TERMINATED"}:
                return
            await asyncio.sleep(_LOOK_EVERY)
    finally:
        view.close()
    raise TimeoutError(f"the run had not ended after {_PATIENCE:.0f} s")


def _rows(around: Surroundings, run: dict[str, Any]) -> list[Row]:
    return rows_of(run, {machine.spec.name: around.simulator.machine(machine.spec.name) for machine in FLEET})


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
        results={_name(m["vmId"]): m for m in messages if m["kind"] == "machine"},
        run=next((m for m in messages if m["kind"] == "run"), None),
        rejections=[m for m in messages if m["kind"] == "rejected"],
        rejected=await around.receive("image-requests-rejected"),
    )


def _tell(console: Console, around: Surroundings, outcome: Outcome) -> bool:
    console.print("\nresults on image-results:")
    troubles = [trouble for machine in FLEET for trouble in _tell_machine(console, around, outcome, machine.spec.name)]
    for rejection in outcome.rejections:
        faults = "; ".join(f"{fault['path']} {fault['message']}" for fault in rejection["faults"])
        console.print(f"  no request: {faults}", highlight=False, soft_wrap=True)
    if len(outcome.rejections) != 1 or len(outcome.rejected) != 1:
        troubles.append("the message that is no request was not answered once and kept once")
    if outcome.run is None:
        troubles.append("no result of the run")
    for trouble in troubles:
        console.print(f"[red]not as expected:[/] {trouble}")
    return not troubles


def _tell_machine(console: Console, around: Surroundings, outcome: Outcome, name: str) -> list[str]:
    expected = next(machine for machine in FLEET if machine.spec.name == name)
    machine, result = around.simulator.machine(name), outcome.results.get(name)
    if result is None:
        return [f"{name}: no result"]
    why = "; ".join(f"{refusal['code']}: {refusal['message']}" for refusal in result.get("refusals", []))
    if "failure" in result:
        why = f"{result['failure']['code']}: {result['failure']['message']}"
    evidence: dict[str, Any] = result.get("evidence", {})
    level = str(evidence.get("level", ""))
    seconds = sum(timing["seconds"] for timing in result["timings"])
    line = f"  {name:<7} {result['outcome']:<12} {clock(seconds)}  {machine.requests:>2} ARM requests  {why or level}"
    console.print(line, highlight=False, soft_wrap=True)
    troubles: list[str] = []
    if result["outcome"] != expected.outcome:
        troubles.append(f"{name}: {result['outcome']}, expected {expected.outcome}")
    if machine.generalized != (expected.outcome == "generalized"):
        troubles.append(f"{name}: the simulator says generalized={machine.generalized}")
    if machine.armed_count > 1:
        troubles.append(f"{name}: armed {machine.armed_count} times")
    return troubles


def _last_line(console: Console, around: Surroundings, outcome: Outcome, seconds: float, simulated: float) -> None:
    counts = Counter(result["outcome"] for result in outcome.results.values())
    worked_on = [name for name, result in outcome.results.items() if result["outcome"] == "generalized"]
    requests = [around.simulator.machine(name).requests for name in worked_on]
    each = f"{sum(requests) / len(requests):.0f}" if requests else "no"
    console.print(
        f"\ndemo: {counts['generalized']} generalized, {counts['refused']} refused, {counts['failed']} failed "
        f"in {seconds:.0f} s (simulated {simulated / 60:.0f} min), {each} ARM requests a machine",
        highlight=False,
        soft_wrap=True,
    )


def _name(vm_id: str) -> str:
    return vm_id.rsplit("/", 1)[1]
