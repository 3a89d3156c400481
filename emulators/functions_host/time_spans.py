"""Lengths of time in configuration, read as .NET's `TimeSpan.Parse` does in the invariant culture."""

import re
from datetime import timedelta

from emulators.functions_host.dotnet_values import trimmed
from emulators.functions_host.errors import ConfigurationError

# In .NET's order; each gives days, hours, minutes, seconds, fraction.
_FORMS = (
    re.compile(r"(?P<days>0*[0-9]{1,8})"),
    re.compile(
        r"(?:(?P<days>0*[0-9]{1,8})\.)?(?P<hours>0*[0-9]{1,2}):(?P<minutes>0*[0-9]{1,2})"
        r"(?::(?P<seconds>0*[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,7}|0[0-9]{7,9}))?)?"
    ),
    re.compile(
        r"(?P<days>0*[0-9]{1,8}):(?P<hours>0*[0-9]{1,2}):(?P<minutes>0*[0-9]{1,2})"
        r"(?::(?P<seconds>0*[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,7}|0[0-9]{7,9}))?)?"
    ),
)
_MOST = timedelta(days=10_675_199, hours=2, minutes=48, seconds=5, microseconds=477_580)


def parse_timespan(text: str) -> timedelta:
    """Reads `[-]d`, `[-]hh:mm`, `[-][d.]hh:mm[:ss[.fffffff]]`; parts of .NET's ticks below a microsecond are dropped.

    **A number alone is days**, and three parts whose first is above 23 are days, hours and minutes: `24:00:00` is 24
    days.

    Raises:
        ConfigurationError: it is not a time span.
    """
    stripped = trimmed(text)
    length = _length(stripped.removeprefix("-"))
    if length is None:
        raise ConfigurationError(f"{text!r} is not a time span: write hh:mm:ss")
    return -length if stripped.startswith("-") else length


def timespan_text(length: timedelta) -> str:
    """`[-][d.]hh:mm:ss[.ffffff]`, as host.json is written."""
    if length < timedelta(0):
        return f"-{timespan_text(-length)}"
    minutes, seconds = divmod(length.seconds, 60)
    days = f"{length.days}." if length.days else ""
    fraction = f".{length.microseconds:06}" if length.microseconds else ""
    return f"{days}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


def _length(text: str) -> timedelta | None:
    for form in _FORMS:
        found = form.fullmatch(text)
        length = _of(found.groupdict()) if found else None
        if length is not None:
            return length
    return None


def _of(parts: dict[str, str | None]) -> timedelta | None:
    days, hours, minutes, seconds = (int(parts.get(name) or 0) for name in ("days", "hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    # .NET rounds to its ticks, of which ten are a microsecond.
    ticks = (int((parts.get("fraction") or "").ljust(8, "0")[:8]) + 5) // 10
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=ticks // 10)
    return length if length <= _MOST else None
