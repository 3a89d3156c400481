"""The Event Grid trigger: a custom event whose data is a request, in both schemas."""

from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers import event_grid

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def grid(data: Any, *, kind: str = event_grid.EVENT_TYPE, event_id: str = "e1") -> func.EventGridEvent:
    return func.EventGridEvent(
        id=event_id, data=data, topic="t", subject="s", event_type=kind, event_time=NOW, data_version="1"
    )


def cloud(data: Any, *, kind: str = event_grid.EVENT_TYPE, event_id: str = "e1") -> func.CloudEvent:
    return func.CloudEvent(id=event_id, source="/s", type=kind, specversion="1.0", data=data, time=NOW)


async def deliver(at: Triggers, event: Any) -> None:
    await event_grid.start_from_event_grid(event, at.client, at.results, at.rejected)


@pytest.mark.parametrize("resource", [grid, cloud])
async def test_an_event_becomes_a_run_once(resource: Any) -> None:
    async with triggers() as at:
        await deliver(at, resource(request("vm1")))
        await deliver(at, resource(request("vm1")))
    assert at.batches() == ["batch-e1"]


async def test_an_event_id_that_is_not_a_request_id_is_hashed() -> None:
    async with triggers() as at:
        await deliver(at, cloud(request("vm1"), event_id="urn:uuid/with spaces & more"))
    assert len(at.batches()) == 1
    assert at.batches()[0].startswith("batch-event-")


@pytest.mark.parametrize("resource", [grid, cloud])
async def test_another_type_of_event_is_answered_and_kept(resource: Any) -> None:
    async with triggers() as at:
        await deliver(at, resource(request("vm1"), kind="Contoso.Other"))
    assert at.answers[0]["faults"][0]["path"] == "type"
    assert len(at.rejected.values) == 1
    assert at.batches() == []


async def test_an_event_with_an_invalid_request_is_answered() -> None:
    async with triggers() as at:
        await deliver(at, cloud({"hello": 1}))
    assert {fault["path"] for fault in at.answers[0]["faults"]} >= {"$.targets", "$.hello"}


async def test_of_an_event_too_large_for_a_queue_message_the_beginning_is_kept() -> None:
    async with triggers() as at:
        await deliver(at, cloud({"version": 1, "targets": ["x" * 900_000]}))
    assert len(at.rejected.values[0]) == 48 * 1024
    assert "SHA-256" in at.answers[0]["keptIn"]


async def test_an_event_id_with_a_newline_at_its_end_is_hashed() -> None:
    async with triggers() as at:
        await deliver(at, cloud(request("vm1"), event_id="abc\n"))
    assert at.batches()[0].startswith("batch-event-")
