"""Which occurrence of a schedule a timer tick belongs to, even if the tick is late or early."""

from datetime import UTC, datetime

from contracts.polling import SCHEDULE_EARLY, SCHEDULE_RESOLUTION

_FIELDS = 6


class BadSchedule(ValueError):
    """The schedule is neither NCRONTAB nor hh:mm:ss; the message names the setting to correct."""


def occurrence(schedule: str, now: datetime) -> datetime:
    """Return the last scheduled time that is not after `now` (UTC, full seconds).

    A tick that is up to 5 s early belongs to its own occurrence: the clocks of hosts differ. A late or repeated tick
    returns the same time. Schedules: NCRONTAB with six fields, or hh:mm:ss as a period.
    """
    moment = (now + SCHEDULE_EARLY).astimezone(UTC).replace(microsecond=0)
    if " " not in schedule.strip():
        seconds = _period(schedule)
        begin = int(moment.timestamp()) // seconds * seconds
        return datetime.fromtimestamp(begin, UTC)
    from cronsim import CronSim, CronSimError

    if len(schedule.split()) != _FIELDS:
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} must have six fields, the first for seconds")
    try:
        # The library returns only times before its start time, so it starts one second later.
        cron = CronSim(schedule, moment + SCHEDULE_RESOLUTION, reverse=True)
        # If both day fields are set, NCRONTAB requires both to match; the library's default is either.
        cron.day_and = True
        return next(cron)
    except (CronSimError, StopIteration):
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} is not a six-field NCRONTAB expression") from None


def stamp(when: datetime) -> str:
    """Return an occurrence as the part of an id, such as 20261122T043000Z."""
    return f"{when:%Y%m%dT%H%M%SZ}"


def _period(schedule: str) -> int:
    parts = schedule.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise BadSchedule(f"GOLDEN_TIMER_SCHEDULE {schedule!r} is neither NCRONTAB nor hh:mm:ss")
    hours, minutes, seconds = (int(part) for part in parts)
    total = hours * 3600 + minutes * 60 + seconds
    if total < 1:
        raise BadSchedule("GOLDEN_TIMER_SCHEDULE must be a period of at least one second")
    return total
