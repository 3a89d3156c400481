"""Caches the histories of running instances in the form in which they are sent, up to a size limit."""

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, field

from emulators.task_hub.wire import PAST, framed

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Cached:
    count: int = 0
    content: bytearray = field(default_factory=bytearray)


class HistoryCache:
    """Histories of the file in wire format; the least recently used is removed first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Set the size limit."""
        self._most = most_bytes
        self._size = 0
        self._cached: OrderedDict[int, _Cached] = OrderedDict()

    @property
    def size(self) -> int:
        """The cached bytes."""
        return self._size

    def past_events(self, db: sqlite3.Connection, n: int, events: int) -> bytes:
        """Return the history of an instance, of which the file holds `events`."""
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
        """Cache events that were appended to a history, from number `first` on."""
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
        """Remove an instance from the cache."""
        cached = self._cached.pop(n, None)
        if cached is not None:
            self._size -= len(cached.content)
