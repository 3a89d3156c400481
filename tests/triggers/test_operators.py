"""What an operator does to instances behind the app's back: terminate, suspend, purge, events of any content."""

import asyncio
import json
import time
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus

from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT, GOLDEN_IMAGE, IMAGE_BATCH
from contracts.ids import VmId, vm_run_id
from contracts.results import VmResult
from contracts.stages import Stage
from tests.support import running
from tests.support.calls import BASE, call, look, read, start
from tests.support.requests import request, vm_id
from tests.support.triggers import Triggers, triggers
from tests.triggers.test_approval import NO, YES, code, decide, end, waiting
from triggers.http import cancel_run

VM_RUN = vm_run_id("r1", VmId.parse(vm_id("vm1")))


async def terminated(at: Triggers, run_id: str = "batch-r1", *, children: bool = False) -> None:
    """Terminate a run without its children, as the Durable extension does."""
    await asyncio.to_thread(at.engine.client.terminate_orchestration, run_id, recursive=children)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        state = await asyncio.to_thread(at.engine.client.get_orchestration_state, run_id)
        if state is not None and state.runtime_status is OrchestrationStatus.TERMINATED:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{run_id} was not terminated")


async def result_of(at: Triggers, run_id: str = VM_RUN) -> VmResult:
    at.engine.clock.allow(None)
    return await asyncio.to_thread(running.result_of, at.engine, run_id)


async def cancel(at: Triggers, run_id: str = "batch-r1") -> int:
    return (await cancel_run(call(f"{BASE}/{run_id}/cancel", run_id=run_id), at.client)).status_code


async def test_a_cancel_reaches_what_a_terminated_request_left() -> None:
    async with triggers("vm1", "vm2") as at:
        view = await waiting(at, "vm1", "vm2")
        await terminated(at)
        assert await cancel(at) == 202
        ends = [await result_of(at, vm["runId"]) for vm in view["vms"]]
        again = await cancel(at)
    assert {each.outcome for each in ends} == {"canceled"}
    assert again == 409


async def test_a_rejection_reaches_what_a_terminated_request_left_and_an_approval_is_refused() -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        await terminated(at)
        yes = [await decide(at, run_id, YES) for run_id in ("batch-r1", VM_RUN)]
        no = await decide(at, "batch-r1", NO)
        ended = await result_of(at)
    assert [code(response) for response in yes] == [(409, "RequestOver")] * 2
    assert no.status_code == 202
    assert ended.outcome == "refused"
    assert at.azure.guests["vm1"].requested == 0


async def test_a_vm_of_a_terminated_request_changes_nothing_more() -> None:
    """Its approval was recorded before the request was terminated, and arrives after that."""
    async with triggers("vm1") as at:
        await waiting(at)
        await terminated(at)
        at.azure.ended.add("batch-r1")
        await at.client.raise_orchestration_event(VM_RUN, APPROVAL_EVENT, data={"approved": True})
        ended = await result_of(at)
    assert ended.outcome == "canceled"
    assert at.azure.guests["vm1"].requested == 0


async def test_the_result_of_a_terminated_vm_says_what_it_really_is() -> None:
    async with triggers("vm1") as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", requestId="r1", target={"rollbackSnapshot": False}))
        until = time.monotonic() + 20
        while time.monotonic() < until:
            view = read(await look(at, "batch-r1"))
            if any(vm["status"].get("stage") == "deprovisioning" for vm in view["vms"]):
                break
            await asyncio.sleep(0.01)
        at.azure.ended_stage = Stage.DEPROVISIONING
        await terminated(at, VM_RUN)
        over = await end(at)
    (answer,) = [json.loads(text) for text in at.azure.sent if json.loads(text)["kind"] == "vm"]
    assert answer["failure"]["code"] == "RunTerminated"
    assert answer["endedIn"] == "deprovisioning"
    assert answer["powerState"] in {"running", "stopped"}
    assert over["result"]["counts"] == {"failed": 1}
    assert over["vms"][0]["reason"]


@pytest.mark.parametrize(
    "content", ["yes please", None, 7, [], {}, {"approved": "perhaps"}, {"approved": True, "at": "x"}]
)
async def test_an_approval_event_of_any_content_ends_nothing(content: Any) -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        for run_id in (VM_RUN, "batch-r1"):
            await at.client.raise_orchestration_event(run_id, APPROVAL_EVENT, data=content)
        assert (await decide(at, "batch-r1", YES)).status_code == 202
        over = await end(at)
    assert over["result"]["counts"] == {"generalized": 1}


@pytest.mark.parametrize("content", ["stop", None, 7, [], {"by": None}])
async def test_a_cancel_event_of_any_content_cancels(content: Any) -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        await at.client.raise_orchestration_event("batch-r1", CANCEL_EVENT, data=content)
        over = await end(at)
    assert over["result"]["counts"] == {"canceled": 1}


async def test_a_suspended_run_goes_on_when_it_is_resumed() -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        await asyncio.to_thread(at.engine.client.suspend_orchestration, VM_RUN)
        assert (await decide(at, "batch-r1", YES)).status_code == 202
        await asyncio.to_thread(at.engine.client.resume_orchestration, VM_RUN)
        over = await end(at)
    assert over["result"]["counts"] == {"generalized": 1}


async def test_a_run_that_never_ends_does_not_hold_its_request_for_ever() -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        await asyncio.to_thread(at.engine.client.suspend_orchestration, VM_RUN)
        over = await end(at)
    (answer,) = [json.loads(text) for text in at.azure.sent if json.loads(text)["kind"] == "vm"]
    assert answer["failure"]["code"] == "RunNotEnded"
    assert over["result"]["counts"] == {"failed": 1}


async def test_runs_of_another_version_are_shown_and_answered() -> None:
    async with triggers("vm1") as at:
        for name, run_id in ((IMAGE_BATCH, "batch-x"), (GOLDEN_IMAGE, "vm-x-0123456789")):
            await asyncio.to_thread(
                at.engine.client.schedule_new_orchestration, name, input={"request_id": "x"}, instance_id=run_id
            )
            await asyncio.to_thread(at.engine.end_of, run_id)
            view = read(await look(at, run_id))
            assert view["runtimeStatus"] == "FAILED"
            assert view["reason"]
            assert await cancel(at, run_id) == 409
            assert (await decide(at, run_id, YES)).status_code == 409


async def test_nobody_approves_their_own_vm_after_its_request_was_purged() -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        await terminated(at)
        await asyncio.to_thread(at.engine.client.purge_orchestration, "batch-r1")
        own = await decide(at, VM_RUN, YES, "ops@example.com")
        await decide(at, VM_RUN, NO)
        await result_of(at)
    assert code(own) == (403, "OwnRequest")


async def test_an_approval_event_of_any_length_ends_nothing() -> None:
    async with triggers("vm1") as at:
        await waiting(at)
        event = {"approved": True, "comment": "x" * 20_000}
        for run_id in (VM_RUN, "batch-r1"):
            await at.client.raise_orchestration_event(run_id, APPROVAL_EVENT, data=event)
        assert (await decide(at, "batch-r1", NO)).status_code == 202
        over = await end(at)
    assert over["result"]["counts"] == {"refused": 1}
