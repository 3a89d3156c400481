"""Lengths of time in configuration, read as .NET's `TimeSpan.Parse` does in the invariant culture."""

import re
from datetime import timedelta

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
        ValueError: it is not a time span.
    """
    stripped = text.strip()
    length = _length(stripped.removeprefix("-"))
    if length is None:
        raise ValueError(f"{text!r} is not a time span: write hh:mm:ss")
    return -length if stripped.startswith("-") else length


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
