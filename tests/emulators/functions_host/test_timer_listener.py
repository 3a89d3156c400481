"""The timer trigger on a clock that the tests move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulators.functions_host import ConfigurationError, HostOptions, ManualClock
from tests.emulators.functions_host.conftest import StartHost, until

type Records = Callable[[], list[dict[str, Any]]]

START = datetime(2026, 3, 4, 10, 17, 31, tzinfo=UTC)
FIVE_MINUTES = {"TICK_SCHEDULE": "0 */5 * * * *"}


def _ticks(records: Records) -> list[dict[str, Any]]:
    return [r for r in records() if r["event"] == "begin"]


async def _sleeping(clock: ManualClock) -> None:
    """Both timers wait for their next occurrence."""
    await until(lambda: clock.sleepers == 2)


async def test_fires_on_schedule_and_reports_the_schedule(start_host: StartHost, records: Records) -> None:
    clock = ManualClock(START)
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=clock)):
        await _sleeping(clock)
        clock.advance(timedelta(minutes=2))
        assert _ticks(records) == []
        clock.advance(timedelta(minutes=1))
        await until(lambda: len(_ticks(records)) == 1)
        await _sleeping(clock)
        clock.advance(timedelta(minutes=5))
        await until(lambda: len(_ticks(records)) == 2)
    first = _ticks(records)[0]
    assert first["past_due"] is False
    assert first["status"]["Last"] == "2026-03-04T10:20:00+00:00"
    assert first["status"]["Next"] == "2026-03-04T10:25:00+00:00"


async def test_run_on_startup_runs_once_at_start(start_host: StartHost, records: Records) -> None:
    clock = ManualClock(START)
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=clock)):
        await _sleeping(clock)
    assert [r["event"] for r in records()] == ["start-up"]


async def test_occurrences_missed_while_the_host_was_down_fire_once_as_past_due(
    start_host: StartHost, records: Records, tmp_path: Path
) -> None:
    first_clock = ManualClock(START)
    options = HostOptions(clock=first_clock, state_dir=tmp_path)
    async with start_host("timers", settings=FIVE_MINUTES, options=options):
        await _sleeping(first_clock)
        first_clock.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks(records)) == 1)
    later = ManualClock(START + timedelta(hours=2))
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=later, state_dir=tmp_path)):
        await until(lambda: len(_ticks(records)) == 2)
        await _sleeping(later)
        later.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks(records)) == 3)
    assert [t["past_due"] for t in _ticks(records)] == [False, True, False]


async def test_a_run_that_lasts_too_long_is_followed_by_one_past_due_run_never_by_a_second_at_once(
    start_host: StartHost, records: Records
) -> None:
    clock = ManualClock(START)
    settings = {**FIVE_MINUTES, "TICK_SECONDS": "0.2"}
    async with start_host("timers", settings=settings, options=HostOptions(clock=clock)):
        await _sleeping(clock)
        clock.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks(records)) == 1)
        clock.advance(timedelta(minutes=22))  # four occurrences pass during the run
        await until(lambda: len(_ticks(records)) == 2)
        await _sleeping(clock)
    events = [r["event"] for r in records() if r["event"] != "start-up"]
    assert events == ["begin", "end", "begin", "end"]
    assert [t["past_due"] for t in _ticks(records)] == [False, True]


async def test_an_interval_counts_from_the_start(start_host: StartHost, records: Records) -> None:
    clock = ManualClock(START)
    settings = {"TICK_SCHEDULE": "00:30:00"}
    async with start_host("timers", settings=settings, options=HostOptions(clock=clock)):
        await _sleeping(clock)
        clock.advance(timedelta(minutes=30))
        await until(lambda: len(_ticks(records)) == 1)


async def test_a_first_occurrence_missed_while_the_host_was_down_fires_too(
    start_host: StartHost, records: Records, tmp_path: Path
) -> None:
    first_clock = ManualClock(START)
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=first_clock, state_dir=tmp_path)):
        await _sleeping(first_clock)
    later = ManualClock(START + timedelta(minutes=20))
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=later, state_dir=tmp_path)):
        await until(lambda: len(_ticks(records)) == 1)
    assert _ticks(records)[0]["past_due"] is True


@pytest.mark.parametrize("schedule", ["0 0 12 * * *", "*/30 * * * * *"])
async def test_a_changed_schedule_and_one_that_is_not_monitored_make_up_for_nothing(
    start_host: StartHost, records: Records, tmp_path: Path, schedule: str
) -> None:
    settings = FIVE_MINUTES if schedule == "0 0 12 * * *" else {"TICK_SCHEDULE": schedule}
    first_clock = ManualClock(START)
    async with start_host("timers", settings=settings, options=HostOptions(clock=first_clock, state_dir=tmp_path)):
        await _sleeping(first_clock)
    later = ManualClock(START + timedelta(minutes=20))
    options = HostOptions(clock=later, state_dir=tmp_path)
    async with start_host("timers", settings={"TICK_SCHEDULE": schedule}, options=options):
        await _sleeping(later)
    assert _ticks(records) == []


async def test_a_failed_run_is_repeated_as_its_retry_policy_says_and_knows_its_number(
    start_host: StartHost, records: Records
) -> None:
    clock = ManualClock(START)
    async with start_host("retries", options=HostOptions(clock=clock)):
        await until(lambda: clock.sleepers == 1)
        clock.advance(timedelta(minutes=3))
        for tries in (1, 2):
            await until(lambda tries=tries: (len(records()), clock.sleepers) == (tries, 1))
            clock.advance(timedelta(seconds=9))
            assert clock.sleepers == 1
            clock.advance(timedelta(seconds=1))
        await until(lambda: len(records()) == 3)
        await until(lambda: clock.sleepers == 1)  # now for the next occurrence
        clock.advance(timedelta(seconds=30))
    assert [(r["retry"], r["limit"]) for r in records()] == [(0, 2), (1, 2), (2, 2)]


async def test_a_bad_schedule_stops_the_start_and_names_the_function(start_host: StartHost) -> None:
    with pytest.raises(ConfigurationError, match=r"tick.*not an NCRONTAB"):
        async with start_host("timers", settings={"TICK_SCHEDULE": "0 0 99 * * *"}):
            pass


async def test_a_run_by_hand_answers_202_and_runs(
    start_host: StartHost, records: Records, http: aiohttp.ClientSession
) -> None:
    clock = ManualClock(START)
    async with start_host("timers", settings=FIVE_MINUTES, options=HostOptions(clock=clock)) as host:
        async with http.post(f"{host.url}/admin/functions/tick", json={}) as answer:
            assert answer.status == 202
        await until(lambda: len(_ticks(records)) == 1)
