"""What a state transition works with: the open transaction, the time, and what is to happen once it is on disk."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReadyOrchestration:
    """An orchestration with events to process; `events` is the length of its history."""

    n: int
    name: str
    version: str | None
    events: int


@dataclass(frozen=True, slots=True)
class ReadyActivity:
    """An activity to run."""

    seq: int
    name: str
    version: str | None


@dataclass(slots=True)
class Effects:
    """What the rest of the hub does after the commit, and never before it."""

    released: list[str] = field(default_factory=list[str])  # completion tokens
    orchestrations: list[ReadyOrchestration] = field(default_factory=list[ReadyOrchestration])
    activities: list[ReadyActivity] = field(default_factory=list[ReadyActivity])
    entities: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])  # instance ids whose status is new
    started: list[str] = field(default_factory=list[str])
    appended: list[tuple[int, int, list[bytes]]] = field(default_factory=list[tuple[int, int, list[bytes]]])
    forgotten: list[int] = field(default_factory=list[int])  # instances whose history was replaced
    earliest_timer: int | None = None
    touched: list[int | str] = field(default_factory=list[int | str])  # instances and entities with a new timer
    # Rows that become visible later: of an orchestration or an entity's id, with the time.
    delayed: list[tuple[ReadyOrchestration | str, int, int]] = field(
        default_factory=list[tuple[ReadyOrchestration | str, int, int]]
    )


@dataclass(slots=True)
class Tx:
    """One state transition; `now` is in microseconds since 1970, UTC.

    `next_poll`: set for what a remote client sends, returns when the queue of an instance or entity is polled.
    """

    db: sqlite3.Connection
    now: int
    effects: Effects = field(default_factory=Effects)
    next_poll: Callable[[int | str, int], int] | None = None
    coarse_timers: bool = False
