"""Real, scaled and stepped time."""

import asyncio

import pytest

from emulators.arm import RealClock, ScaledClock, SteppedClock


async def test_a_stepped_clock_runs_events_in_their_order_and_at_their_time():
    clock, seen = SteppedClock(), list[tuple[str, float]]()
    began = clock.now()

    def note(name: str) -> None:
        seen.append((name, (clock.now() - began).total_seconds()))

    async def chained() -> None:
        note("second")
        clock.call_in(1, lambda: note("chained"))

    clock.call_in(5, chained)
    clock.call_in(2, lambda: note("first"))
    clock.call_in(100, lambda: note("never"))
    await clock.advance(10)
    assert seen == [("first", 2.0), ("second", 5.0), ("chained", 6.0)]
    assert (clock.now() - began).total_seconds() == 10


async def test_a_scaled_clock_runs_events_early_and_drops_the_rest_at_stop():
    clock, happened = ScaledClock(speed=1000), asyncio.Event()
    await clock.start()
    clock.call_in(60, happened.set)
    clock.call_in(10**9, lambda: pytest.fail("far in the future"))
    await asyncio.wait_for(happened.wait(), 5)
    await clock.stop()
    assert clock.next_due() is None


async def test_an_event_planned_while_the_clock_waits_for_a_later_one_is_not_late():
    clock, happened = ScaledClock(speed=1000), asyncio.Event()
    await clock.start()
    clock.call_in(10**6, lambda: None)
    await asyncio.sleep(0.01)
    clock.call_in(10, happened.set)
    await asyncio.wait_for(happened.wait(), 2)
    await clock.stop()


def test_retry_headers_are_full_seconds_or_milliseconds_never_both():
    assert RealClock().retry_headers(10) == {"Retry-After": "10"}
    assert ScaledClock(speed=4).retry_headers(10) == {"Retry-After": "3"}
    assert ScaledClock(speed=20).retry_headers(10) == {"x-ms-retry-after-ms": "500"}


def test_a_speed_that_stands_still_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(speed=0)
