"""Reads numbers from text of others."""


def read_digits(text: str, most: int = 9) -> int | None:
    """Return the number that ASCII digits write, at most `most` of them; None for everything else.

    `int` also takes digits of other scripts, signs, underscores and blanks, and raises above 4,300 digits.
    """
    return int(text) if len(text) <= most and text.isascii() and text.isdecimal() else None
