"""Checks of sizes: fifty VMs in place, a result at its limit by queue, lists above 4 MiB."""

import asyncio
from pathlib import Path
from typing import Any

from contracts.catalog import IMAGE_BATCH
from contracts.ids import batch_run_id
from emulators.functions_host import HostProcess
from tools.real_engine.fleet import in_place
from tools.real_engine.lanes import Ground
from tools.real_engine.report import expect
from tools.real_engine.runs import Run
from tools.real_engine.station import Station

LANE = "limits"
_LARGE = batch_run_id("large")
_MANY = [in_place(f"vm{number:02}") for number in range(50)]
_DRY = [in_place(f"dry{number:03}") for number in range(232)]
_RUNS, _CHARACTERS = 112, 40_000


async def run_limits(ground: Ground) -> None:
    """Runs the checks of this lane one after the other: each uses the full machine."""
    async with ground.station(LANE, [*_MANY, *_DRY]) as station:
        await _fill(station)
        await station.start()
        await ground.report.check("a list above 4 MiB, in pages", _list_all(station))
        await ground.report.check("50 VMs in place", _fifty(station))
        await ground.report.check("the result of 232 VMs by queue", _largest(station))


async def _fifty(station: Station) -> None:
    run = Run(station, "fifty", _MANY)
    await run.send()
    document = await run.ends(400)
    expect(document["counts"] == {"generalized": 50}, document["counts"])


async def _largest(station: Station) -> None:
    run = Run(station, "largest", _DRY, dryRun=True)
    await run.send()
    await station.end(run.run_id, 300)
    document = await station.result("run", run.run_id)
    expect(document["counts"] == {"wouldGeneralize": 232}, document["counts"])


async def _fill(station: Station) -> None:
    """Puts ended runs with large outputs on the hub: a separate app replaces hundreds of requests."""
    app, log = Path(__file__).parent / "large_runs", station.folder / "fill.log"
    async with HostProcess(app, env=station.environment, engine="extension", log_path=log) as host:

        async def start(number: int) -> None:
            url = f"{host.url}/runtime/webhooks/durabletask/orchestrators/{IMAGE_BATCH}/{_LARGE}{number:03}"
            async with station.http.post(url, json=_CHARACTERS) as answer:
                expect(answer.status == 202, await answer.text())

        async def unfinished() -> int:
            url = f"{host.url}/runtime/webhooks/durabletask/instances?runtimeStatus=Pending,Running&top=100"
            async with station.http.get(url) as answer:
                return len(await answer.json())

        await asyncio.gather(*(start(number) for number in range(_RUNS)))
        for _ in range(200):
            if await unfinished() == 0:
                return
            await asyncio.sleep(0.5)
        raise RuntimeError("the runs with large outputs did not end")


async def _list_all(station: Station) -> None:
    found: list[dict[str, Any]] = []
    rest, pages = "", 0
    while pages == 0 or rest:
        path = "api/runs?days=1" + (f"&continuation={rest}" if rest else "")
        answer = await station.call("GET", path)
        expect(answer.status == 200, f"page {pages + 1}: {answer}")
        found += answer.body["runs"]
        rest, pages = answer.body.get("continuation", ""), pages + 1
        expect(pages <= _RUNS, f"{pages} pages")
    ids = {run["runId"] for run in found if run["runId"].startswith(_LARGE)}
    expect(len(ids) == _RUNS, f"{len(ids)} runs in {pages} pages")
    completed = {run["runtimeStatus"] for run in found}
    expect(completed == {"COMPLETED"}, completed)
