"""Numbers, flags and enums in configuration, read as .NET reads them in the invariant culture.

What is here was asked of .NET 10's type converters and of Newtonsoft.Json, text by text.
"""

import re
from collections.abc import Mapping

# What both .NET and Newtonsoft trim; Python's `strip` takes away a few control characters more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_DECIMAL = re.compile(r"[+-]?[0-9]+")
_HEXADECIMAL = re.compile(r"(?:0x|#|&h)(?:0x)?\+?([0-9a-f]+)", re.IGNORECASE)
_LEAST, _MOST = -(2**31), 2**31 - 1


def trimmed(text: str) -> str:
    """The text without white space at its ends."""
    return text.strip(_SPACE)


def parse_int32(text: str, *, hexadecimal: bool = True) -> int:
    """A whole number of 32 bits.

    Args:
        text: ASCII digits after at most one sign.
        hexadecimal: `0x10`, `#10` and `&h10` are 16 too, and `0xFFFFFFFF` is -1: so for .NET's type converter, not for
            Newtonsoft.

    Raises:
        ValueError: it is none.
    """
    found = _HEXADECIMAL.fullmatch(trimmed(text)) if hexadecimal else None
    if found is not None:
        value = int(found[1], 16)
        if value >= 2**32:
            raise ValueError(f"{text!r} is outside of 32 bits")
        return value - 2**32 if value > _MOST else value
    if _DECIMAL.fullmatch(trimmed(text)) is None:
        raise ValueError(f"{text!r} is no whole number")
    # Python refuses to read more than 4300 digits.
    value = int(trimmed(text)) if len(text) < 100 else _MOST + 1
    if not _LEAST <= value <= _MOST:
        raise ValueError(f"{text!r} is outside of {_LEAST} to {_MOST}")
    return value


def parse_flag(text: str) -> bool:
    """True or false, in any case.

    Raises:
        ValueError: it is neither.
    """
    folded = trimmed(text).lower()
    if folded not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return folded == "true"


def parse_enum(text: str, members: Mapping[str, int]) -> int:
    """The value of a member of an enum: its name in any case, any number, or several names that are or-ed together.

    **A number need not be a member's**: .NET takes every one.

    Raises:
        ValueError: a name is no member's.
    """
    if re.fullmatch(r"[+-]?[0-9]+", trimmed(text)):
        return parse_int32(text, hexadecimal=False)
    folded = {name.casefold(): value for name, value in members.items()}
    value = 0
    for part in text.split(","):
        name = trimmed(part).casefold()
        if re.fullmatch(r"[+-]?[0-9]+", name) and "," in text:
            value |= parse_int32(name, hexadecimal=False)
        elif name in folded:
            value |= folded[name]
        else:
            raise ValueError(f"{text!r} is none of {', '.join(members)}")
    return value
