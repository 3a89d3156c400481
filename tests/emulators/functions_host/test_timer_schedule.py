"""NCRONTAB and interval schedules."""

from datetime import UTC, datetime, timedelta

import pytest

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.timer_schedule import parse_schedule
from tests.support.rows import rows

START = datetime(2026, 3, 4, 10, 17, 31, tzinfo=UTC)  # a Wednesday


@rows(
    ("expression", "following"),
    [
        ("*/15 * * * * *", datetime(2026, 3, 4, 10, 17, 45, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 3, 4, 10, 20, tzinfo=UTC)),
        ("0 30 9 * * *", datetime(2026, 3, 5, 9, 30, tzinfo=UTC)),
        ("0 30 9 * * Mon-Fri", datetime(2026, 3, 5, 9, 30, tzinfo=UTC)),
        ("0 0 0 1 July *", datetime(2026, 7, 1, tzinfo=UTC)),
        ("0 0 0 * * Saturday", datetime(2026, 3, 7, tzinfo=UTC)),
        ("0 9 * * 1-5", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        # The 13th AND a Friday: other crons would take the next Friday or the next 13th.
        ("0 0 12 13 * 5", datetime(2026, 3, 13, 12, tzinfo=UTC)),
        ("00:05:00", START + timedelta(minutes=5)),
        ("1.00:00:00", START + timedelta(days=1)),
        # As .NET reads it, whatever its author meant.
        ("24:00:00", START + timedelta(days=24)),
        ("5", START + timedelta(days=5)),
    ],
)
def test_next_occurrence(expression: str, following: datetime) -> None:
    assert parse_schedule(expression).next_after(START) == following


def test_friday_the_13th_skips_fridays_and_thirteenths() -> None:
    schedule = parse_schedule("0 0 12 13 * 5")
    first = schedule.next_after(START)
    assert schedule.next_after(first) == datetime(2026, 11, 13, 12, tzinfo=UTC)


@rows(
    "expression",
    ["", "every day", "* * * *", "* * * * * * *", "0 0 0 L * *", "0 0 0 * * 5#2", "60 * * * * *", "00:00:00", "-1"],
)
def test_refuses_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_schedule(expression)


def test_a_day_that_never_comes_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        parse_schedule("0 0 0 30 2 *").next_after(START)
