"""Races: a run that ends between a read and an event, and two callers at the same time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import azure.functions as func
import grpc
import pytest
from grpc.aio import AioRpcError, Metadata

from tests.support.calls import BASE, call, read, start, until_stage
from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers import http
from triggers.approval import decide_run

ASKED = {"approval": {"timeoutMinutes": 60}, "target": {"rollbackSnapshot": False}}


@asynccontextmanager
async def waiting_for_approval(**more: Any) -> AsyncGenerator[Triggers]:
    async with triggers("vm1", "vm2") as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", "vm2", requestId="r1", **{**ASKED, **more}))
        await until_stage(at, "batch-r1", "awaitingApproval")
        yield at


async def decide(at: Triggers, run_id: str, *, approved: bool) -> func.HttpResponse:
    asked = call(f"{BASE}/{run_id}/approval", body={"approved": approved}, run_id=run_id)
    return await decide_run(asked, at.client)


async def cancel(at: Triggers, run_id: str) -> func.HttpResponse:
    return await http.cancel_run(call(f"{BASE}/{run_id}/cancel", run_id=run_id), at.client)


def code(response: func.HttpResponse) -> tuple[int, str]:
    return response.status_code, read(response).get("type", "").rpartition(":")[2]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, (409, "RunOver")),
        (grpc.StatusCode.NOT_FOUND, (404, "NoSuchRun")),
    ],
)
async def test_a_run_that_ends_or_is_purged_before_its_event_is_not_a_500(
    status: grpc.StatusCode, expected: tuple[int, str]
) -> None:
    async def refused(*_: Any, **__: Any) -> None:
        raise AioRpcError(status, Metadata(), Metadata(), "as the Durable extension says")

    async with waiting_for_approval() as at:
        with patch.object(at.client, "raise_orchestration_event", refused):
            responses = [await cancel(at, "batch-r1"), await decide(at, "batch-r1", approved=True)]
    assert [code(response) for response in responses] == [expected, expected]


async def test_other_errors_of_the_engine_are_raised() -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), "away")

    async with waiting_for_approval() as at:
        with patch.object(at.client, "raise_orchestration_event", away), pytest.raises(AioRpcError):
            await cancel(at, "batch-r1")


async def test_of_simultaneous_contradictory_decisions_only_one_is_accepted() -> None:
    async with waiting_for_approval() as at:
        said = [index % 2 == 0 for index in range(8)]
        responses = await asyncio.gather(*(decide(at, "batch-r1", approved=yes) for yes in said))
    accepted = {yes for yes, response in zip(said, responses, strict=True) if response.status_code == 202}
    assert len(accepted) == 1
    refused = {code(response) for response in responses if response.status_code != 202}
    assert refused == {(409, "AlreadyDecided")}


async def test_a_rejection_of_one_vm_counts_if_the_request_is_approved_before_its_event_arrives() -> None:
    """The VM's own event is lost after the decision was recorded; the request's approval must not reach the VM."""

    async def lost(*_: Any, **__: Any) -> None:
        return None

    async with waiting_for_approval() as at:
        view = read(await http.get_run(call(f"{BASE}/batch-r1", run_id="batch-r1"), at.client))
        one, other = (vm["runId"] for vm in view["vms"])
        with patch.object(at.client, "raise_orchestration_event", lost):
            assert (await decide(at, one, approved=False)).status_code == 202
        assert (await decide(at, "batch-r1", approved=True)).status_code == 202
        again = await decide(at, one, approved=False)
        contradicting = await decide(at, one, approved=True)
        at.engine.clock.allow(None)
        ended = await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await http.get_run(call(f"{BASE}/batch-r1", run_id="batch-r1"), at.client))
    assert ended is not None
    outcomes = {vm["runId"]: vm["result"]["outcome"] for vm in view["vms"]}
    assert outcomes == {one: "refused", other: "generalized"}
    assert code(again) in {(202, ""), (409, "RunOver"), (409, "AlreadyDecided"), (409, "PastApproval")}
    assert contradicting.status_code == 409
