"""Which occurrence of a schedule a tick belongs to, however late or early the tick comes."""

from datetime import UTC, datetime, timedelta

_EARLY = timedelta(seconds=5)
_FIELDS = 6


class BadSchedule(ValueError):
    """The schedule is neither NCRONTAB nor hh:mm:ss; the text says which setting to correct."""


def occurrence(schedule: str, now: datetime) -> datetime:
    """Give the last scheduled time that is not after `now` (UTC, whole seconds).

    A tick that comes up to 5 s early counts as its own occurrence: hosts' clocks differ. A late tick, and a
    second one, give the same time again. Schedules: six-field NCRONTAB, or hh:mm:ss as a period.
    """
    moment = (now + _EARLY).astimezone(UTC).replace(microsecond=0)
    if " " not in schedule.strip():
        seconds = _period(schedule)
        whole = int(moment.timestamp()) // seconds * seconds
        return datetime.fromtimestamp(whole, UTC)
    from cronsim import CronSim, CronSimError

    if len(schedule.split()) != _FIELDS:
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} must have six fields, the first for seconds")
    try:
        # The library looks for times strictly before its start, so it starts one second later.
        cron = CronSim(schedule, moment + timedelta(seconds=1), reverse=True)
        # Where both day fields are given, NCRONTAB wants both to match; the library's default is either.
        cron.day_and = True
        return next(cron)
    except (CronSimError, StopIteration):
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} is no six-field NCRONTAB expression") from None


def _period(schedule: str) -> int:
    parts = schedule.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} is neither NCRONTAB nor hh:mm:ss")
    hours, minutes, seconds = (int(part) for part in parts)
    total = hours * 3600 + minutes * 60 + seconds
    if total < 1:
        raise BadSchedule("GOLDEN_TIMER_SCHEDULE must be a period of at least one second")
    return total
