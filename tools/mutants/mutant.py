"""One guard of the product, and how it is removed."""

from typing import NamedTuple

LIFE = ("tests/orchestrators",)
FACTS = ("tests/policy",)
AZURE = ("tests/activities", "tests/azure_clients")


class Mutant(NamedTuple):
    """One guard: the text that it is, what it is replaced with, and the tests that must notice.

    The text is found wherever it lies in the product, and must be there once: code may move.
    """

    name: str
    guard: str
    old: str
    new: str
    tests: tuple[str, ...]
