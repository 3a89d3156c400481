"""The clock that tests move."""

import asyncio
from datetime import UTC, datetime, timedelta

from emulators.functions_host.clock import ManualClock, SystemClock


async def test_sleepers_wake_when_their_moment_has_passed() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    early = asyncio.create_task(clock.sleep_until(clock.now() + timedelta(minutes=1)))
    late = asyncio.create_task(clock.sleep_until(clock.now() + timedelta(hours=1)))
    await asyncio.sleep(0)
    assert clock.sleepers == 2
    clock.advance(timedelta(minutes=1))
    await early
    assert not late.done()
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert clock.sleepers == 0


async def test_a_moment_that_has_passed_does_not_wait() -> None:
    clock = SystemClock()
    await asyncio.wait_for(clock.sleep_until(clock.now()), 1)
    assert clock.now().tzinfo is UTC
