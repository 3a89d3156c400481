"""Schedules of timer triggers: NCRONTAB with five or six fields, or a fixed interval `[d.]hh:mm:ss`."""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cronsim import CronSim, CronSimError

from emulators.functions_host.errors import ConfigurationError
from emulators.task_hub.time_spans import parse_timespan

_NAMES = [name.upper() for name in (*calendar.month_name[1:], *calendar.day_name)]
_SHORT_NAMES = "|".join(sorted({name[:3] for name in _NAMES}))
# NCRONTAB has none of the other crons' L, W, # and ?.
_FIELD = re.compile(rf"(?:[\d*,/-]|{_SHORT_NAMES})+")


class Schedule(Protocol):
    """When a timer fires."""

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence after `moment`."""
        ...


@dataclass(frozen=True)
class NCrontab:
    """A cron expression, in UTC as on Azure; its day-of-month and day-of-week must both match."""

    expression: str

    def __post_init__(self) -> None:
        """Raises ConfigurationError for an expression that NCRONTAB does not know."""
        fields = self._plain().split()
        if len(fields) not in (5, 6) or not all(_FIELD.fullmatch(field) for field in fields):
            raise ConfigurationError(
                f"{self.expression!r} is not an NCRONTAB expression: write six fields, seconds first"
            )
        try:
            CronSim(self._plain(), datetime(2000, 1, 1))  # noqa: DTZ001 (only parsed)
        except CronSimError as error:
            raise ConfigurationError(f"{self.expression!r} is not an NCRONTAB expression: {error}") from error

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence after `moment`.

        Raises:
            ConfigurationError: there is none (30 February).
        """
        cron = CronSim(self._plain(), moment)
        # Vixie cron ORs the two day fields when neither is a star; NCRONTAB always ANDs them.
        cron.day_and = True
        try:
            return next(cron)
        except StopIteration:
            raise ConfigurationError(f"{self.expression!r} never fires") from None

    def _plain(self) -> str:
        """Upper case, with names cut to the three letters that cronsim knows."""
        text = self.expression.upper()
        for name in _NAMES:
            text = text.replace(name, name[:3])
        return text


@dataclass(frozen=True)
class Interval:
    """Every `length` since the last occurrence."""

    length: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """`moment` plus the interval."""
        return moment + self.length


def parse_schedule(text: str) -> Schedule:
    """Reads a timer trigger's schedule.

    Raises:
        ConfigurationError: it is neither form, or the interval is not positive.
    """
    stripped = text.strip()
    if " " in stripped:
        return NCrontab(stripped)
    try:
        length = parse_timespan(stripped)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if length <= timedelta(0):
        raise ConfigurationError(f"the timer interval {text!r} must be longer than zero")
    return Interval(length)
