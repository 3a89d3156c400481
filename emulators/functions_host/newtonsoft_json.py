"""JSON text as Newtonsoft.Json reads and writes it; Azure's host does this with outputs."""

import json
import math
from decimal import Decimal
from typing import cast

from emulators.functions_host.newtonsoft_dates import NetDateTime, read_date

# JsonReader.MaxDepth of Newtonsoft.Json 13.
_MAX_DEPTH = 64
_ESCAPED = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class JsonReaderException(Exception):
    """The text is not JSON, although it begins and ends like JSON."""


def looks_like_json(text: str) -> bool:
    """Whether the host treats a text as JSON: by its first and last character.

    Source: `Utility.IsJson` of the Functions host.
    """
    trimmed = text.strip()
    return (trimmed.startswith("{") and trimmed.endswith("}")) or (trimmed.startswith("[") and trimmed.endswith("]"))


def parse(text: str, *, dates: bool) -> object:
    """A decoded document; with `dates`, strings that Newtonsoft reads as times are `NetDateTime`s.

    Raises:
        JsonReaderException: not JSON, or nested deeper than 64 levels. Newtonsoft also reads comments, single quotes,
            names without quotes, trailing commas and hexadecimal numbers; here they are refused.
    """
    try:
        value: object = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise JsonReaderException(str(error)) from None
    return _checked(value, _MAX_DEPTH, dates=dates)


def text_of(value: object) -> str:
    """`JToken.ToString()`: objects and arrays as indented JSON, a scalar as .NET's own text."""
    if isinstance(value, dict | list):
        return indented(cast(object, value))
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    return str(value)


def indented(value: object, level: int = 0) -> str:
    """JSON with an indent of two spaces, ": " after names, and times as .NET writes them."""
    if isinstance(value, dict):
        members = cast(dict[str, object], value).items()
        return _block("{}", [f"{_quoted(name)}: {indented(inner, level + 1)}" for name, inner in members], level)
    if isinstance(value, list):
        return _block("[]", [indented(inner, level + 1) for inner in cast(list[object], value)], level)
    if isinstance(value, NetDateTime):
        return f'"{value.json_text()}"'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _json_number(value)
    return json.dumps(value)


def _checked(value: object, depth: int, *, dates: bool) -> object:
    if isinstance(value, dict | list) and depth == 0:
        raise JsonReaderException(f"The reader's MaxDepth of {_MAX_DEPTH} has been exceeded.")
    if isinstance(value, dict):
        members = cast(dict[str, object], value)
        return {name: _checked(inner, depth - 1, dates=dates) for name, inner in members.items()}
    if isinstance(value, list):
        return [_checked(inner, depth - 1, dates=dates) for inner in cast(list[object], value)]
    if dates and isinstance(value, str):
        return read_date(value) or value
    return value


def _block(brackets: str, lines: list[str], level: int) -> str:
    if not lines:
        return brackets
    inner, outer = "  " * (level + 1), "  " * level
    return f"{brackets[0]}\n" + ",\n".join(inner + line for line in lines) + f"\n{outer}{brackets[1]}"


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for character, escape in _ESCAPED.items():
        quoted = quoted.replace(character, escape)
    return quoted


def _json_number(value: float) -> str:
    text = _number(value)
    if not math.isfinite(value):
        return f'"{text}"'
    return text if "." in text or "E" in text else f"{text}.0"


def _number(value: float) -> str:
    """The shortest text, as .NET 10 writes it: with an exponent from 1E+17 on and below 0.0001."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    power = len(figures) - 1 + cast(int, exponent)
    minus = "-" if sign else ""
    if value == 0 or -5 < power < 17:
        plain = f"{Decimal(repr(value)):f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa = figures[0] + (f".{figures[1:]}" if len(figures) > 1 else "")
    return f"{minus}{mantissa}E{'+' if power > 0 else '-'}{abs(power):02}"
