"""Checks of requests about active runs: approval decisions, cancel, terminate, suspend, purge."""

import asyncio
import json
from typing import Any

from contracts.ids import batch_run_id
from tools.demo.fleet import Expected
from tools.real_engine.fleet import clone, in_place, new_windows, old_windows
from tools.real_engine.lanes import Ground
from tools.real_engine.report import expect
from tools.real_engine.runs import Run
from tools.real_engine.station import Station

LANE = "orders"
_APPROVAL: dict[str, Any] = {"approval": {"timeoutMinutes": 60}}
_WEBHOOKS = "runtime/webhooks/durabletask/instances"
_MAIN = (in_place("main-linux"), old_windows("main-windows"), new_windows("main-refused"))
_PUBLISHED = clone("published")
_YES, _TWICE, _TAKEN_OVER = in_place("approved"), in_place("decided-twice"), in_place("taken-over")
_NO, _CANCELED = in_place("denied", "refused"), in_place("canceled", "canceled")
_BUSY, _BATCH, _PAUSED = in_place("busy"), in_place("batch-gone", "canceled"), in_place("suspended")
_SHARED = (clone("shared-one", "shared"), clone("shared-two", "shared"))
FLEET = (*_MAIN, _PUBLISHED, _YES, _TWICE, _TAKEN_OVER, _NO, _CANCELED, _BUSY, _BATCH, _PAUSED, *_SHARED)


async def run_orders(ground: Ground) -> None:
    """Runs all checks of this lane at once on one host."""
    async with ground.station(LANE, FLEET) as station:
        await station.start()
        checks = {
            "main job by queue, sent twice, together with an invalid message": _main(station),
            "clone, publish and validate": _publish(station),
            "approval: yes, then requests to the ended run": _approve(station),
            "approval: no": _deny(station),
            "approval: yes and no at once": _contradict(station),
            "cancel before the point of no return": _cancel(station),
            "two runs on one VM": _contend(station),
            "two publications on one definition": _publish_both(station),
            "terminate a batch: its id still reaches its VM": _terminate_batch(station),
            "terminate a VM's run: the next run gets its lease": _terminate_vm(station),
            "suspend and resume": _suspend(station),
            "requests to unknown runs": _unknown(station),
        }
        await asyncio.gather(*(ground.report.check(name, check) for name, check in checks.items()))
        await ground.report.check("purge an ended run", _purge(station))


async def _main(station: Station) -> None:
    run = Run(station, "main", _MAIN)
    await run.send()
    await run.send()
    await station.send('{"version": 1, "targets": [{"vmId": "web-01"}], "dryrun": true}')
    document = await run.ends()
    expect(document["counts"] == {"generalized": 2, "refused": 1}, document["counts"])
    rejected = [each for each in station.results if each["kind"] == "rejected"]
    documents = [each for each in station.results if each.get("runId") == run.run_id and each["kind"] == "run"]
    expect((len(rejected), len(documents)) == (1, 1), (rejected, documents))


async def _publish(station: Station) -> None:
    document = await _clone(station, "publish", _PUBLISHED)
    expect(document["counts"] == {"published": 1}, document)


async def _clone(station: Station, request_id: str, vm: Expected) -> dict[str, Any]:
    run = Run(station, request_id, [vm])
    await run.send()
    return await run.ends(400)


async def _waiting(station: Station, request_id: str, vm: Expected) -> Run:
    run = Run(station, request_id, [vm], **_APPROVAL)
    await run.send()
    await station.stage(run.of(vm), "awaitingApproval")
    return run


async def _approve(station: Station) -> None:
    run = await _waiting(station, "yes", _YES)
    answer = await station.call("POST", f"api/runs/{run.run_id}/approval", {"approved": True})
    expect(answer.status == 202, answer)
    await run.ends()
    for run_id in (run.run_id, run.of(_YES)):
        late = await station.call("POST", f"api/runs/{run_id}/approval", {"approved": True})
        cancel = await station.call("POST", f"api/runs/{run_id}/cancel")
        expect((late.status, cancel.status) == (409, 409), (late, cancel))


async def _deny(station: Station) -> None:
    run = await _waiting(station, "no", _NO)
    answer = await station.call("POST", f"api/runs/{run.of(_NO)}/approval", {"approved": False})
    expect(answer.status == 202, answer)
    await run.ends()


async def _contradict(station: Station) -> None:
    run = await _waiting(station, "twice", _TWICE)
    path = f"api/runs/{run.run_id}/approval"
    answers = await asyncio.gather(
        station.call("POST", path, {"approved": True}), station.call("POST", path, {"approved": False})
    )
    statuses = sorted(answer.status for answer in answers)
    expect(statuses == [202, 409], answers)
    await station.end(run.run_id)
    result = await station.result("vm", run.of(_TWICE))
    wanted = "generalized" if answers[0].status == 202 else "refused"
    expect(result["outcome"] == wanted, f"{result['outcome']}, although the decision was {wanted}")


async def _cancel(station: Station) -> None:
    run = await _waiting(station, "cancel", _CANCELED)
    answer = await station.call("POST", f"api/runs/{run.run_id}/cancel")
    expect(answer.status == 202, answer)
    await run.ends()


async def _contend(station: Station) -> None:
    first = await _waiting(station, "busy-first", _BUSY)
    second = Run(station, "busy-second", [_BUSY])
    await second.send()
    await station.end(second.run_id)
    result = await station.result("vm", second.of(_BUSY))
    expect(json.dumps(result.get("refusals", "")).count("VmBusy") == 1, result)
    await station.call("POST", f"api/runs/{first.run_id}/approval", {"approved": True})
    await first.ends()


async def _publish_both(station: Station) -> None:
    runs = [Run(station, f"shared-{number}", [vm]) for number, vm in enumerate(_SHARED)]
    for run in runs:
        await run.send()
    for run in runs:
        await station.end(run.run_id, 400)
    results = [await station.result("vm", run.of(vm)) for run, vm in zip(runs, _SHARED, strict=True)]
    outcomes = [result["outcome"] for result in results]
    expect(outcomes == ["published"] * 2, [(each.get("failure"), each.get("refusals")) for each in results])
    versions = sorted(result["image"]["version"] for result in results)
    expect(len(set(versions)) == 2, versions)


async def _terminate_batch(station: Station) -> None:
    run = await _waiting(station, "batch-gone", _BATCH)
    answer = await station.call("POST", f"{_WEBHOOKS}/{run.run_id}/terminate?reason=check")
    expect(answer.status == 202, answer)
    batch = await station.end(run.run_id)
    vm = await station.run(run.of(_BATCH))
    seen = (batch["runtimeStatus"], vm["runtimeStatus"])
    expect(seen == ("TERMINATED", "RUNNING"), seen)
    answer = await station.call("POST", f"api/runs/{run.of(_BATCH)}/approval", {"approved": True})
    expect(answer.status == 409, answer)
    answer = await station.call("POST", f"api/runs/{run.run_id}/cancel")
    expect(answer.status == 202, answer)
    result = await station.end(run.of(_BATCH))
    expect(result["result"]["outcome"] == "canceled", result["result"])


async def _terminate_vm(station: Station) -> None:
    run = await _waiting(station, "taken-first", _TAKEN_OVER)
    answer = await station.call("POST", f"{_WEBHOOKS}/{run.of(_TAKEN_OVER)}/terminate?reason=check")
    expect(answer.status == 202, answer)
    await station.end(run.run_id)
    document = await station.result("run", run.run_id)
    expect(document["counts"] == {"failed": 1}, document["counts"])
    second = Run(station, "taken-second", [_TAKEN_OVER])
    await second.send()
    await second.ends()


async def _suspend(station: Station) -> None:
    run = await _waiting(station, "pause", _PAUSED)
    run_id = run.of(_PAUSED)
    answer = await station.call("POST", f"{_WEBHOOKS}/{run_id}/suspend?reason=check")
    expect(answer.status == 202, answer)
    await station.until(run_id, lambda seen: seen["runtimeStatus"] == "SUSPENDED")
    unfinished = await station.call("GET", "api/runs?status=suspended")
    expect(unfinished.status == 200, unfinished)
    answer = await station.call("POST", f"api/runs/{run_id}/approval", {"approved": True})
    expect(answer.status == 202, answer)
    await asyncio.sleep(3)
    seen = await station.run(run_id)
    expect(seen["runtimeStatus"] == "SUSPENDED", seen)
    await station.call("POST", f"{_WEBHOOKS}/{run_id}/resume?reason=check")
    await run.ends()


async def _unknown(station: Station) -> None:
    decision = await station.call("POST", f"api/runs/{batch_run_id('nobody')}/approval", {"approved": True})
    cancel = await station.call("POST", f"api/runs/{batch_run_id('nobody')}/cancel")
    event = await station.call("POST", f"{_WEBHOOKS}/nobody/raiseEvent/cancel", {})
    seen = (decision.status, cancel.status, event.status)
    expect(seen == (404, 404, 404), seen)


async def _purge(station: Station) -> None:
    run_id = Run(station, "yes", [_YES]).run_id
    answer = await station.call("DELETE", f"{_WEBHOOKS}/{run_id}")
    expect(answer.status == 200, answer)
    gone = await station.call("GET", f"api/runs/{run_id}")
    expect(gone.status == 404, gone)
