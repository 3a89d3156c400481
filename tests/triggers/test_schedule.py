"""Which occurrence a tick belongs to: late, early and repeated ticks return the scheduled time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.rows import rows
from triggers.schedule import BadSchedule, occurrence

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

SUNDAYS = "0 0 4 * * 0"
SUNDAY = datetime(2026, 1, 4, 4, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@rows(
    "late",
    [
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(milliseconds=999),
        timedelta(seconds=1),
        timedelta(minutes=1),
        timedelta(hours=23),
        timedelta(days=6, hours=23, minutes=59),
        timedelta(seconds=-1),
        timedelta(seconds=-5),
        timedelta(milliseconds=-4_999),
    ],
)
def test_a_late_tick_and_one_a_little_early_belong_to_the_scheduled_time(late: timedelta) -> None:
    assert occurrence(SUNDAYS, SUNDAY + late) == SUNDAY


@pytest.mark.parametrize("early", [timedelta(seconds=6), timedelta(minutes=1), timedelta(days=1)])
def test_a_tick_that_comes_much_too_early_belongs_to_the_one_before(early: timedelta) -> None:
    assert occurrence(SUNDAYS, SUNDAY - early) == SUNDAY - timedelta(days=7)


def test_a_repeated_tick_has_the_same_time_and_the_next_one_another() -> None:
    first = occurrence(SUNDAYS, SUNDAY - timedelta(seconds=2))
    again = occurrence(SUNDAYS, SUNDAY + timedelta(seconds=2))
    following = occurrence(SUNDAYS, SUNDAY + timedelta(days=7))
    assert first == again
    assert following == SUNDAY + timedelta(days=7)


@rows(
    ("schedule", "now", "expected"),
    [
        ("0 */5 * * * *", "2026-01-04T04:07:31", "2026-01-04T04:05:00"),
        ("30 */5 * * * *", "2026-01-04T04:05:29", "2026-01-04T04:05:30"),
        ("*/10 * * * * *", "2026-01-04T04:07:31", "2026-01-04T04:07:30"),
        ("0 0 4 * * *", "2026-01-01T03:59:00", "2025-12-31T04:00:00"),
        ("0 0 4 * * SUN", "2026-01-05T00:00:00", "2026-01-04T04:00:00"),
        ("0 30 9 * Jan Mon", "2026-02-20T00:00:00", "2026-01-26T09:30:00"),
        ("0 0 0 1 1 *", "2026-06-01T00:00:00", "2026-01-01T00:00:00"),
        ("0 0 0 29 2 *", "2026-06-01T00:00:00", "2024-02-29T00:00:00"),
        (" 0 0 4 * * 0 ", "2026-01-04T05:00:00", "2026-01-04T04:00:00"),
        ("00:05:00", "2026-01-04T04:07:31", "2026-01-04T04:05:00"),
        ("00:05:00", "2026-01-04T04:04:55", "2026-01-04T04:05:00"),
        ("00:05:00", "2026-01-04T04:04:54", "2026-01-04T04:00:00"),
        (" 00:00:30 ", "2026-01-04T04:07:31", "2026-01-04T04:07:30"),
        ("1:00:00", "2026-01-04T04:07:31", "2026-01-04T04:00:00"),
        ("24:00:00", "2026-01-04T04:07:31", "2026-01-04T00:00:00"),
    ],
)
def test_both_kinds_of_schedule(schedule: str, now: str, expected: str) -> None:
    assert occurrence(schedule, at(now)) == at(expected)


def test_the_time_is_in_utc_for_any_zone_of_the_clock() -> None:
    zone = timezone(timedelta(hours=9))
    for schedule in (SUNDAYS, "01:00:00"):
        found = occurrence(schedule, SUNDAY.astimezone(zone))
        assert found == SUNDAY
        assert found.utcoffset() == timedelta(0)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SCHEDULES = st.sampled_from([SUNDAYS, "0 */7 * * * *", "15 30 2 1,15 * *", "00:05:00", "00:00:07", "12:00:00"])


@unhurried
@given(SCHEDULES, MOMENTS)
def test_an_occurrence_is_not_after_its_tick_and_is_its_own_occurrence(schedule: str, now: datetime) -> None:
    found = occurrence(schedule, now)
    assert found <= now + timedelta(seconds=5)
    assert found.microsecond == 0
    assert occurrence(schedule, found) == found


@unhurried
@given(SCHEDULES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_later_tick_never_belongs_to_an_earlier_occurrence(schedule: str, now: datetime, later: timedelta) -> None:
    assert occurrence(schedule, now) <= occurrence(schedule, now + later)


@rows(
    "schedule",
    [
        "", " ", "x", "5", "00:05", "1:2:3:4", "a:b:c", "00:00:00", "-1:00:00", "00:00:0.5", "%SCHEDULE%",
        "0 0 25 * * *", "0 60 * * * *", "0 0 0 30 2 *", "0 0 4 * * 0 2026", "0 0 4 * *  x", "every day at 4",
    ],
)  # fmt: skip
def test_an_invalid_schedule_names_the_setting_to_correct(schedule: str) -> None:
    with pytest.raises(BadSchedule, match="GOLDEN_TIMER_SCHEDULE"):
        occurrence(schedule, SUNDAY)


def test_if_both_day_fields_are_set_both_must_match() -> None:
    """NCRONTAB's rule: 04:00 on a 13th that is a Friday; in 2026 before July that was in March."""
    assert occurrence("0 0 4 13 * FRI", at("2026-07-01T00:00:00")) == at("2026-03-13T04:00:00")
