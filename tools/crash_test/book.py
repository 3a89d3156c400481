"""What the hub acknowledged: every start, event and signal, and the expected outcome of each."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Items:
    """Items sent to one collector: those acknowledged, in order, and how often each was sent at most."""

    acknowledged: list[int] = field(default_factory=list[int])
    attempts: dict[int, int] = field(default_factory=dict[int, int])


@dataclass
class Book:
    """Everything that the hub acknowledged.

    `outcomes`: by instance, the output that it must have. `items`: by collector. `added`: by account, what its tally
    must hold. `signaled` and `signal_attempts`: signals to one tally, which must hold at least the first and at most
    the second. `vms`: by name, the outcome of its run.
    """

    outcomes: dict[str, object] = field(default_factory=dict[str, object])
    items: dict[str, Items] = field(default_factory=dict[str, Items])
    added: Counter[str] = field(default_factory=Counter[str])
    signaled: int = 0
    signal_attempts: int = 0
    vms: dict[str, str] = field(default_factory=dict[str, str])
