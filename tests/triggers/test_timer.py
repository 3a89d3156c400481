"""The timer trigger: each occurrence of the schedule is one run, however often the timer ticks."""

import json
from datetime import UTC, datetime
from unittest.mock import patch

import azure.functions as func
import pytest

from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers import timer


class Tick(func.TimerRequest):
    """A tick as the worker passes it."""

    def __init__(self) -> None:
        """Create a tick that is not late."""

    @property
    def past_due(self) -> bool:
        """The tick is not late."""
        return False


class _At(datetime):
    moment = datetime(2026, 11, 22, 4, 0, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


async def tick(at: Triggers, moment: str) -> None:
    _At.moment = datetime.fromisoformat(moment)
    with patch.object(timer, "datetime", _At):
        await timer.start_from_timer(Tick(), at.client)


def configured(**documents: object) -> str:
    return json.dumps(documents)


async def test_each_request_starts_with_its_own_id() -> None:
    requests = configured(web=request("vm1"), db=request("vm2"))
    async with triggers("vm1", "vm2", GOLDEN_TIMER_REQUESTS=requests) as at:
        await tick(at, "2026-11-22T04:00:01Z")
    assert at.batches() == ["batch-timer-web-20261122T040000Z", "batch-timer-db-20261122T040000Z"]


async def test_late_repeated_and_early_ticks_are_the_same_occurrence() -> None:
    async with triggers(GOLDEN_TIMER_REQUESTS=configured(web=request("vm1"))) as at:
        for moment in ("2026-11-22T03:59:58Z", "2026-11-22T04:00:00Z", "2026-11-22T04:00:01Z", "2026-11-22T09:13:00Z"):
            await tick(at, moment)
        await tick(at, "2026-11-23T04:00:00Z")
    assert at.batches() == ["batch-timer-web-20261122T040000Z", "batch-timer-web-20261123T040000Z"]


async def test_nothing_configured_starts_nothing() -> None:
    async with triggers() as at:
        await tick(at, "2026-11-22T04:00:01Z")
    assert at.batches() == []


async def test_one_bad_request_does_not_prevent_the_others_and_fails_the_function() -> None:
    requests = configured(bad={"version": 1}, named=request("vm1", requestId="x"), good=request("vm1"))
    async with triggers(GOLDEN_TIMER_REQUESTS=requests) as at:
        with pytest.raises(timer.TimerRequestsNotStarted, match=r"bad: \$\.targets.*named: \$\.requestId"):
            await tick(at, "2026-11-22T04:00:01Z")
    assert at.batches() == ["batch-timer-good-20261122T040000Z"]
