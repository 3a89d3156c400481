"""The queue trigger: same message, same run; bad messages are answered at once and kept unchanged."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

import azure.functions as func
import pytest

from contracts.results import Outcome, RunResult, VmResult
from tests.support.requests import request, vm_id
from tests.support.triggers import Triggers, triggers
from triggers import entity_state, queue


def message(document: Any, *, message_id: str = "0b6a4f0e-0f5c-4b5e-9a55-1d5f0c2f7e10") -> func.QueueMessage:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return func.QueueMessage(id=message_id, body=body)


async def deliver(at: Triggers, document: Any, **more: str) -> None:
    await queue.start_from_queue(message(document, **more), at.client, at.results, at.rejected)


async def end_of(at: Triggers, run_id: str) -> RunResult:
    state = await asyncio.to_thread(at.engine.end_of, run_id)
    assert state.serialized_output is not None
    return RunResult.model_validate_json(state.serialized_output)


async def test_a_message_becomes_a_run_under_its_request_id() -> None:
    async with triggers() as at:
        await deliver(at, request("vm1", requestId="nightly-1"))
        result = await end_of(at, "batch-nightly-1")
    assert result.counts == {Outcome.GENERALIZED: 1}
    assert at.answers == []


async def test_without_a_request_id_the_message_id_names_the_run() -> None:
    async with triggers() as at:
        await deliver(at, request("vm1"), message_id="4c1a2b3c-0000-4000-8000-000000000001")
        await end_of(at, "batch-4c1a2b3c-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    "restart_finished", [False, True], ids=["engine rejects known ids", "engine restarts finished"]
)
async def test_ten_deliveries_are_one_run_also_after_it_finished(restart_finished: bool) -> None:
    async with triggers(restart_finished=restart_finished) as at:
        document = request("vm1", requestId="r1")
        await asyncio.gather(*(deliver(at, document) for _ in range(6)))
        await end_of(at, "batch-r1")
        for _ in range(4):
            await deliver(at, document)
        kinds = [json.loads(text)["kind"] for text in at.azure.sent]
    assert at.batches() == ["batch-r1"]
    assert at.azure.guests["vm1"].requested == 1
    assert kinds == ["vm", "run"]
    assert at.answers == []


async def test_the_same_request_in_another_layout_is_the_same_run() -> None:
    async with triggers() as at:
        await deliver(at, request("vm1", requestId="r1"))
        turned = {"targets": [{"mode": "inPlace", "vmId": vm_id().upper()}], "requestId": "r1", "version": 1}
        await deliver(at, turned)
        await end_of(at, "batch-r1")
    assert at.batches() == ["batch-r1"]
    assert at.answers == []


async def test_other_content_with_a_known_id_is_refused_and_kept() -> None:
    async with triggers("vm1", "vm2") as at:
        await deliver(at, request("vm1", requestId="r1"))
        await deliver(at, request("vm2", requestId="r1"))
        await end_of(at, "batch-r1")
    assert at.answers[0]["refusal"]["code"] == "RequestIdReused"
    assert json.loads(at.rejected.values[0])["targets"][0]["vmId"] == vm_id("vm2")
    assert at.azure.guests["vm2"].requested == 0


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"not json", b"[]", b'{"version": 2, "targets": []}'])
async def test_a_bad_message_is_answered_once_and_kept_unchanged(body: bytes) -> None:
    async with triggers() as at:
        await deliver(at, body, message_id="m-1")
    assert at.rejected.values == [body]
    assert len(at.answers) == 1
    assert at.answers[0]["messageId"] == "m-1"
    assert at.answers[0]["keptIn"] == "image-requests-rejected"
    assert at.answers[0]["faults"]
    assert at.batches() == []


async def test_more_than_250_vms_are_too_many_for_this_trigger() -> None:
    async with triggers() as at:
        await deliver(at, request(*(f"vm{number}" for number in range(251))))
    assert [fault["path"] for fault in at.answers[0]["faults"]] == ["$.targets"]


async def test_an_engine_that_does_not_answer_raises() -> None:
    async with triggers() as at:
        await at.client.close()
        at.engine.backend.stop()
        with pytest.raises(Exception, match=r".*"):
            await deliver(at, request("vm1"))
    assert at.answers == []
    assert at.rejected.values == []


async def test_an_idempotency_record_not_written_in_time_raises() -> None:
    async with triggers() as at:
        with (
            patch.object(entity_state, "LONGEST_SILENCE_SECONDS", 0.05),
            patch.object(entity_state, "read_state", _never),
            pytest.raises(entity_state.EngineNotAnswering, match="no instance of the app processed the signal"),
        ):
            await deliver(at, request("vm1"))


async def test_invalid_settings_raise() -> None:
    async with triggers(GOLDEN_ALLOWED_SCOPES="nonsense") as at:
        with pytest.raises(ValueError, match="GOLDEN_ALLOWED_SCOPES"):
            await deliver(at, request("vm1"))
    assert at.batches() == []


async def test_settings_are_copied_into_the_run() -> None:
    async with triggers(GOLDEN_IN_PLACE_TRIGGERS="http") as at:
        await deliver(at, request("vm1", requestId="r1"))
        await end_of(at, "batch-r1")
        state = at.engine.client.get_orchestration_state("batch-r1")
    assert state is not None
    assert json.loads(state.serialized_input or "{}")["settings"]["inPlaceTriggers"] == ["http"]
    results = [json.loads(text) for text in at.azure.sent if json.loads(text)["kind"] == "vm"]
    refused = VmResult.model_validate(results[0])
    assert [refusal.code for refusal in refused.refusals] == ["TriggerNotAllowed"]


async def _never(*_: Any) -> None:
    return None
