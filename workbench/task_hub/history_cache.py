"""Keeps the histories of running instances ready to be sent, within a bound."""

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, field

from workbench.task_hub.wire import PAST, framed

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Cached:
    count: int = 0
    content: bytearray = field(default_factory=bytearray)


class HistoryCache:
    """What the file holds, framed for the wire; the least recently used goes first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Take the bound."""
        self._most = most_bytes
        self._size = 0
        self._cached: OrderedDict[int, _Cached] = OrderedDict()

    @property
    def size(self) -> int:
        """The bytes kept."""
        return self._size

    def past_events(self, db: sqlite3.Connection, n: int, events: int) -> bytes:
        """Give the history of an instance, of which the file holds `events`."""
        cached = self._cached.get(n)
        if cached is None or cached.count != events:
            self.forget(n)
            cached = _Cached()
            for (event,) in db.execute("SELECT event FROM history WHERE n=? ORDER BY seq", (n,)):
                cached.content += framed(PAST, event)
                cached.count += 1
            self._cached[n] = cached
            self._size += len(cached.content)
        self._cached.move_to_end(n)
        content = bytes(cached.content)
        while self._size > self._most and self._cached:
            self.forget(next(iter(self._cached)))
        return content

    def append(self, n: int, first: int, added: list[bytes]) -> None:
        """Keep events that were appended to a history as its number `first` and on."""
        cached = self._cached.get(n)
        if cached is None:
            if first:
                return
            cached = self._cached[n] = _Cached()
        if cached.count != first:
            self.forget(n)
            return
        before = len(cached.content)
        for event in added:
            cached.content += framed(PAST, event)
        cached.count += len(added)
        self._size += len(cached.content) - before

    def forget(self, n: int) -> None:
        """Drop what is kept of an instance."""
        cached = self._cached.pop(n, None)
        if cached is not None:
            self._size -= len(cached.content)
