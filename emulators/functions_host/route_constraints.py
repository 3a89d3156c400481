"""The constraints that a route template can have for a value, with their meaning in ASP.NET Core."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

from emulators.functions_host.errors import ConfigurationError

type Constraint = Callable[[str], bool]
"""Whether a decoded route value is allowed."""

_SUCCEEDED = re.compile(r"\s*[+-]?[0-9]+\s*")
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)[+-]?\s*")
_DOUBLE = re.compile(
    r"\s*(?:[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|[+-]?infinity|∞|-∞)\s*", re.I
)
_PLAIN_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_GUID = re.compile(rf"\s*(?:[0-9a-f]{{32}}|{_PLAIN_GUID}|\{{{_PLAIN_GUID}\}}|\({_PLAIN_GUID}\))\s*", re.IGNORECASE)
_DATES = ("%m/%d/%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_MOMENTS = (*(date + time for date in _DATES for time in _TIMES), "%a, %d %b %Y %H:%M:%S GMT")
_LARGEST_DECIMAL = Decimal("79228162514264337593543950335")


def constraint_of(rule: str) -> Constraint:
    """The check behind `int`, `range(1,9)` or `regex(^a.c$)`.

    Source: https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints

    Raises:
        ConfigurationError: no such constraint, or its arguments do not fit.
    """
    name, bracket, rest = rule.partition("(")
    argument = rest.removesuffix(")")
    try:
        found = _with_argument(name, argument) if bracket else _PLAIN.get(name)
    except (ValueError, re.error) as error:
        raise ConfigurationError(f"route constraint {rule!r} cannot be read: {error}") from None
    if found is None:
        raise ConfigurationError(
            f"route constraint {rule!r} is not known to this host: see emulators/functions_host/README.md"
        )
    return found


def _with_argument(name: str, argument: str) -> Constraint | None:
    match name:
        case "regex":
            # Not anchored, as in .NET: an expression for the complete value has ^ and $.
            pattern = re.compile(argument, re.IGNORECASE)
            return lambda value: pattern.search(value) is not None
        case "min":
            return _number_between(int(argument), 2**63 - 1)
        case "max":
            return _number_between(-(2**63), int(argument))
        case "minlength":
            return _length_between(int(argument), None)
        case "maxlength":
            return _length_between(0, int(argument))
        case "length":
            low, _, high = argument.partition(",")
            return _length_between(int(low), int(high or low))
        case "range":
            low, high = argument.split(",")
            return _number_between(int(low), int(high))
        case _:
            return None


def _number_between(low: int, high: int) -> Constraint:
    if low > high:
        raise ValueError(f"{low} is more than {high}")
    return lambda value: _SUCCEEDED.fullmatch(value) is not None and low <= int(value) <= high


def _length_between(low: int, high: int | None) -> Constraint:
    if high is not None and low > high:
        raise ValueError(f"{low} is more than {high}")
    return lambda value: low <= len(value) and (high is None or len(value) <= high)


def _is_decimal(value: str) -> bool:
    if _DECIMAL.fullmatch(value) is None:
        return False
    try:
        return abs(Decimal(value.strip().replace(",", "").strip("+-"))) <= _LARGEST_DECIMAL
    except InvalidOperation:
        return False


def _is_datetime(value: str) -> bool:
    """ISO 8601 and the most common forms of the invariant culture; .NET knows more."""
    try:
        return bool(datetime.fromisoformat(value.strip()))
    except ValueError:
        return any(_is_of_form(value.strip(), form) for form in _MOMENTS)


def _is_of_form(value: str, form: str) -> bool:
    try:
        return bool(datetime.strptime(value, form))  # noqa: DTZ007 (only whether it parses)
    except ValueError:
        return False


def _has_file_name(value: str) -> bool:
    _, dot, extension = value.rpartition("/")[2].rpartition(".")
    return bool(dot and extension)


_PLAIN: dict[str, Constraint] = {
    "int": _number_between(-(2**31), 2**31 - 1),
    "long": _number_between(-(2**63), 2**63 - 1),
    "bool": lambda value: value.strip().lower() in ("true", "false"),
    "guid": lambda value: _GUID.fullmatch(value) is not None,
    "alpha": lambda value: re.fullmatch(r"[a-z]*", value, re.IGNORECASE) is not None,
    "decimal": _is_decimal,
    "double": lambda value: _DOUBLE.fullmatch(value) is not None,
    "float": lambda value: _DOUBLE.fullmatch(value) is not None,
    "datetime": _is_datetime,
    "required": bool,
    "file": _has_file_name,
    "nonfile": lambda value: not _has_file_name(value),
}
