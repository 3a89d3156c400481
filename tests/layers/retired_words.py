"""Finds names that were given up: the words that a reader would have to learn before the code."""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache

from tests.layers.fault import Fault, Source

RETIRED = frozenset(
    {
        *("door", "doors", "wish", "wishes", "wished", "story", "stories", "told", "seal", "seals", "sealed"),
        *("sealing", "sweep", "sweeps", "sweeper", "swept", "leftover", "leftovers", "verdict", "verdicts"),
        *("aftermath", "unmade", "unmake", "unmakes", "unmaking", "caveat", "armed", "trouble", "troubles"),
        *("judge", "judges", "judging", "judged"),
    }
)
"""Words with one meaning here; words that are plain English too (left, made, order) are reviewed by eye."""
RETIRED_PHRASES = (("what", "to", "change"), ("left", "out", "over"), ("somebody", "else"))
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(name: str) -> list[str]:
    """Split an identifier at `_`, `-` and capital letters: `leftOver_Door` is left, over, door."""
    return [part.lower() for part in _PART.findall(name)]


@cache
def retired_in(name: str) -> str | None:
    """Return the retired word or phrase in a name."""
    words = words_of(name)
    for word in words:
        if word in RETIRED:
            return word
    for phrase in RETIRED_PHRASES:
        if any(tuple(words[place : place + len(phrase)]) == phrase for place in range(len(words))):
            return " ".join(phrase)
    return None


def script_faults(file: str, text: str) -> Iterator[Fault]:
    """Return a fault for each identifier of a shell or PowerShell file that holds a retired word."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from name_faults(file, _IDENTIFIER.findall(line), number)


def name_faults(file: str, names: Iterable[str], line: int = 1) -> Iterator[Fault]:
    """Return a fault for each of the names that holds a retired word."""
    for name in names:
        if (word := retired_in(name)) is not None:
            yield Fault(file, line, f"{name} holds the retired word {word!r}")


def source_faults(source: Source) -> Iterator[Fault]:
    """Return a fault for each identifier of a Python file that holds a retired word."""
    if any(map(retired_in, set(_IDENTIFIER.findall(source.text)))):  # maybe in a comment or a string, which is allowed
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.NAME:
                yield from name_faults(source.file, [token.string], token.start[0])
