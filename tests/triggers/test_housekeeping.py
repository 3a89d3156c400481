"""Old runs are purged; idempotency records are kept longer."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import azure.functions as func

from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers import housekeeping
from triggers.queue import start_from_queue


class _Later(datetime):
    days = 0

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=cls.days, hours=1)


class Tick(func.TimerRequest):
    """A tick."""

    def __init__(self) -> None:
        """Any."""


async def clean(at: Triggers, days: int) -> None:
    _Later.days = days
    with patch.object(housekeeping, "datetime", _Later):
        await housekeeping.forget_old_runs(Tick(), at.client)


async def test_history_is_purged_first_and_a_late_delivery_starts_nothing() -> None:
    async with triggers() as at:
        message = func.QueueMessage(id="m1", body=json.dumps(request("vm1", requestId="r1")).encode())
        await start_from_queue(message, at.client, at.results, at.rejected)
        at.engine.end_of("batch-r1")

        await clean(at, 29)
        kept = at.engine.client.get_orchestration_state("batch-r1")
        await clean(at, 31)
        purged = at.engine.client.get_orchestration_state("batch-r1")
        await start_from_queue(message, at.client, at.results, at.rejected)
        batches_while_claimed = at.batches().copy()

        await clean(at, 61)
        await _until_idle(at)
        await start_from_queue(message, at.client, at.results, at.rejected)
    assert kept is not None
    assert purged is None
    assert batches_while_claimed == ["batch-r1"]
    assert at.batches() == ["batch-r1", "batch-r1"], "forgotten in the end"


async def _until_idle(at: Triggers) -> None:
    deadline = time.monotonic() + 10
    while not at.engine.backend.is_idle():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
