"""Text that Newtonsoft.Json reads as a time, and what it writes for it."""

import re
from datetime import datetime, timedelta

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(?:(Z|z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_MICROSOFT = re.compile(r"/Date\((-?[0-9]+)([+-][0-9]{4})?\)/")
# Moments here are without zone: the zone is a separate text.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_FIRST = datetime(1, 1, 1)  # noqa: DTZ001
_LAST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001


class NetDateTime:
    """A .NET DateTime: a moment in whole seconds, its fraction's digits, and the zone that is written after it.

    `zone` is "Z", "" (unknown) or "+00:00" (local: the host's zone is UTC, as on Azure).
    """

    def __init__(self, moment: datetime, fraction: str, zone: str) -> None:
        """Trailing zeros of the fraction are dropped, as .NET does."""
        self._moment = moment
        self._fraction = fraction.rstrip("0")
        self._zone = zone

    def json_text(self) -> str:
        """As JsonTextWriter writes it."""
        fraction = f".{self._fraction}" if self._fraction else ""
        return f"{self._moment.isoformat()}{fraction}{self._zone}"

    def __str__(self) -> str:
        """As DateTime.ToString does in the invariant culture: without fraction and zone."""
        moment = self._moment
        return f"{moment.month:02}/{moment.day:02}/{moment.year:04} {moment:%H:%M:%S}"


def read_date(text: str) -> NetDateTime | None:
    """The time that Newtonsoft.Json (DateParseHandling.DateTime, its default) makes of a string, or None."""
    if found := _ISO.fullmatch(text):
        return _iso(found)
    if found := _MICROSOFT.fullmatch(text):
        return _microsoft(int(found[1]), is_local=found[2] is not None)
    return None


def _iso(found: re.Match[str]) -> NetDateTime | None:
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction = found[7] or ""
    at_midnight = hour == 24 and not (minute or second or fraction.strip("0"))
    try:
        moment = datetime(year, month, day, 0 if at_midnight else hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    if at_midnight:
        moment = _shifted(moment, timedelta(days=1))[0]
    if found[8]:
        return NetDateTime(moment, fraction, "Z")
    if not found[9]:
        return NetDateTime(moment, fraction, "")
    offset = timedelta(hours=int(found[10]), minutes=int(found[11] or 0))
    moment, is_last = _shifted(moment, -offset if found[9] == "+" else offset)
    return NetDateTime(moment, "9999999" if is_last else fraction, "+00:00")


def _shifted(moment: datetime, by: timedelta) -> tuple[datetime, bool]:
    """The moment, and whether it is .NET's last one: beyond the calendar .NET stays at its first or last tick."""
    try:
        return moment + by, False
    except OverflowError:
        beyond = by > timedelta(0)
        return (_LAST, True) if beyond else (_FIRST, False)


def _microsoft(milliseconds: int, *, is_local: bool) -> NetDateTime | None:
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    fraction = f"{moment.microsecond:06}"
    return NetDateTime(moment.replace(microsecond=0, tzinfo=None), fraction, "+00:00" if is_local else "Z")
