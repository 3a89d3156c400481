"""The timer trigger on a clock that the tests move."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from emulators.functions_host import ConfigurationError, FunctionsHost, HostOptions, ManualClock
from tests.emulators.functions_host.conftest import NO_ENGINE, StartHost, until
from tests.emulators.functions_host.recorder import recorded

START = datetime(2026, 3, 4, 10, 17, 31, tzinfo=UTC)
FIVE_MINUTES = "0 */5 * * * *"


class Timers(Protocol):
    """A host whose timer `tick` has this schedule; a second one starts at another time and reads the same folder."""

    def __call__(
        self, clock: ManualClock, schedule: str = FIVE_MINUTES, *, state_dir: Path | None = None, seconds: str = ""
    ) -> FunctionsHost: ...


@pytest.fixture
def timers(start_host: StartHost) -> Timers:
    def start(
        clock: ManualClock, schedule: str = FIVE_MINUTES, *, state_dir: Path | None = None, seconds: str = ""
    ) -> FunctionsHost:
        settings = {"TICK_SCHEDULE": schedule, "TICK_SECONDS": seconds}
        options = HostOptions(clock=clock, state_dir=state_dir)
        return start_host("timers", settings=settings, options=options, engine=NO_ENGINE)

    return start


def _ticks() -> list[dict[str, Any]]:
    return [r for r in recorded() if r["event"] == "begin"]


async def _sleeping(clock: ManualClock) -> None:
    """Both timers wait for their next occurrence."""
    await until(lambda: clock.sleepers == 2)


async def test_fires_on_schedule_and_reports_the_schedule(timers: Timers) -> None:
    clock = ManualClock(START)
    async with timers(clock):
        await _sleeping(clock)
        assert [r["event"] for r in recorded()] == ["start-up"], "run_on_startup, once"
        clock.advance(timedelta(minutes=2))
        assert _ticks() == []
        clock.advance(timedelta(minutes=1))
        await until(lambda: len(_ticks()) == 1)
        await _sleeping(clock)
        clock.advance(timedelta(minutes=5))
        await until(lambda: len(_ticks()) == 2)
    first = _ticks()[0]
    assert first["past_due"] is False
    assert first["status"]["Last"] == "2026-03-04T10:20:00+00:00"
    assert first["status"]["Next"] == "2026-03-04T10:25:00+00:00"


async def test_occurrences_missed_while_the_host_was_down_fire_once_as_past_due(timers: Timers, tmp_path: Path) -> None:
    first_clock = ManualClock(START)
    async with timers(first_clock, state_dir=tmp_path):
        await _sleeping(first_clock)
        first_clock.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks()) == 1)
    later = ManualClock(START + timedelta(hours=2))
    async with timers(later, state_dir=tmp_path):
        await until(lambda: len(_ticks()) == 2)
        await _sleeping(later)
        later.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks()) == 3)
    assert [t["past_due"] for t in _ticks()] == [False, True, False]


async def test_a_run_that_lasts_too_long_is_followed_by_one_past_due_run_never_by_a_second_at_once(
    timers: Timers,
) -> None:
    clock = ManualClock(START)
    async with timers(clock, seconds="0.2"):
        await _sleeping(clock)
        clock.advance(timedelta(minutes=3))
        await until(lambda: len(_ticks()) == 1)
        clock.advance(timedelta(minutes=22))  # four occurrences pass during the run
        await until(lambda: len(_ticks()) == 2)
        await _sleeping(clock)
    events = [r["event"] for r in recorded() if r["event"] != "start-up"]
    assert events == ["begin", "end", "begin", "end"]
    assert [t["past_due"] for t in _ticks()] == [False, True]


async def test_an_interval_counts_from_the_start(timers: Timers) -> None:
    clock = ManualClock(START)
    async with timers(clock, "00:30:00"):
        await _sleeping(clock)
        clock.advance(timedelta(minutes=30))
        await until(lambda: len(_ticks()) == 1)


@pytest.mark.parametrize(
    ("before", "after", "past_due"),
    [
        (FIVE_MINUTES, FIVE_MINUTES, [True]),  # its first occurrence was missed
        (FIVE_MINUTES, "0 0 12 * * *", []),  # a changed schedule
        ("*/30 * * * * *", "*/30 * * * * *", []),  # more than once a minute: not monitored
    ],
)
async def test_what_a_timer_that_never_ran_makes_up_for(
    timers: Timers, tmp_path: Path, before: str, after: str, past_due: list[bool]
) -> None:
    first_clock = ManualClock(START)
    async with timers(first_clock, before, state_dir=tmp_path):
        await _sleeping(first_clock)
    later = ManualClock(START + timedelta(minutes=20))
    async with timers(later, after, state_dir=tmp_path):
        await _sleeping(later)
    assert [tick["past_due"] for tick in _ticks()] == past_due


async def test_a_bad_schedule_stops_the_start_and_names_the_function(timers: Timers) -> None:
    with pytest.raises(ConfigurationError, match=r"tick.*not an NCRONTAB"):
        async with timers(ManualClock(START), "0 0 99 * * *"):
            pass


async def test_a_run_by_hand_answers_202_and_runs(timers: Timers, http: aiohttp.ClientSession) -> None:
    async with timers(ManualClock(START)) as host:
        async with http.post(f"{host.url}/admin/functions/tick", json={}) as answer:
            assert answer.status == 202
        await until(lambda: len(_ticks()) == 1)
