"""Lets a long orchestration process many results in one turn instead of one in each.

A turn replays the complete history, so a parent that runs for each of its thousand children would do little else.
Once its history is long and more results are expected, it waits while they arrive: at most a few times as
long as the replay itself takes, and not at all when the hub has nothing else to do.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from emulators.task_hub.transaction import ReadyOrchestration

_SHORT_HISTORY = 48
_REPLAY_SECONDS_AN_EVENT = 30e-6
_QUIET = 0.5  # wait without a new result, relative to the replay's time
_LONGEST = 4.0
_LONGEST_SECONDS = 1.0

_OUTSTANDING = (
    "SELECT EXISTS(SELECT 1 FROM activities WHERE n=?1)"
    " OR EXISTS(SELECT 1 FROM instances WHERE parent=?1 AND completed_at IS NULL)"
)


@dataclass(slots=True)
class _Waiting:
    ready: ReadyOrchestration
    quiet_seconds: float
    due: float
    latest: float
    timer: asyncio.TimerHandle | None = None


class Gathering:
    """The orchestrations that wait for more of their results; real time, whatever the hub's clock is."""

    def __init__(
        self,
        db: sqlite3.Connection,
        release: Callable[[ReadyOrchestration], None],
        lock: AbstractContextManager[object],
    ) -> None:
        """Use a connection that reads, a callback for an orchestration that has waited enough, and its lock."""
        self._lock = lock
        self._db = db
        self._release = release
        self._waiting: dict[int, _Waiting] = {}

    def __len__(self) -> int:
        """Count those that wait."""
        return len(self._waiting)

    def add(self, ready: ReadyOrchestration) -> bool:
        """Let an orchestration wait if that saves time; False if it should run now."""
        now = time.monotonic()
        waiting = self._waiting.get(ready.n)
        if waiting is not None:
            waiting.due = min(now + waiting.quiet_seconds, waiting.latest)
            return True
        if ready.events < _SHORT_HISTORY or not self._db.execute(_OUTSTANDING, (ready.n,)).fetchone()[0]:
            return False
        replay = ready.events * _REPLAY_SECONDS_AN_EVENT
        quiet = replay * _QUIET
        latest = now + min(replay * _LONGEST, _LONGEST_SECONDS)
        waiting = self._waiting[ready.n] = _Waiting(ready, quiet, now + quiet, latest)
        self._arm(waiting)
        return True

    def discard(self, n: int) -> None:
        """Stop waiting for one, without releasing it."""
        waiting = self._waiting.pop(n, None)
        if waiting is not None and waiting.timer is not None:
            waiting.timer.cancel()

    def flush(self) -> None:
        """Release all."""
        for waiting in list(self._waiting.values()):
            # Releasing one may release the others.
            if waiting.ready.n in self._waiting:
                self.discard(waiting.ready.n)
                self._release(waiting.ready)

    def clear(self) -> None:
        """Forget all."""
        for n in list(self._waiting):
            self.discard(n)

    def _arm(self, waiting: _Waiting) -> None:
        delay = max(waiting.due - time.monotonic(), 0.0005)
        waiting.timer = asyncio.get_running_loop().call_later(delay, self._look, waiting)

    def _look(self, waiting: _Waiting) -> None:
        if self._waiting.get(waiting.ready.n) is not waiting:
            return
        if time.monotonic() < waiting.due:
            self._arm(waiting)
            return
        with self._lock:
            del self._waiting[waiting.ready.n]
            self._release(waiting.ready)
