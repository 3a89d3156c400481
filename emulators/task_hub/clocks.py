"""The clocks of an engine: one that runs fast, and one that only advances while the engine is idle."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

type Idle = Callable[[], bool]

_LOOK_SECONDS = 0.002


class EngineClock(Protocol):
    """Returns the time, and waits for a moment."""

    def now(self) -> datetime:
        """Return the time (UTC)."""
        ...

    def wait_until(self, moment: datetime, changed: threading.Event, idle: Idle) -> bool:
        """Wait for the moment; False if `changed` was set first, so that the caller checks its timers again."""
        ...


class ScaledClock:
    """Begins at `start` and runs `speed` times as fast as real time."""

    def __init__(self, start: datetime, speed: float) -> None:
        """Start now."""
        self._start, self._speed, self._since = start, speed, time.monotonic()

    def now(self) -> datetime:
        """Return the time (UTC)."""
        return self._start + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def wait_until(self, moment: datetime, changed: threading.Event, idle: Idle) -> bool:
        """Sleep the real seconds that are left, unless something changes."""
        left = (moment - self.now()).total_seconds() / self._speed
        return left <= 0 or not changed.wait(left)


class VirtualClock:
    """Stands still while the engine has work, and jumps to the next timer when it is idle.

    `limit` is as far as it may jump; move it with `allow` to act at a chosen moment. `on_jump` is called with
    the new time before any timer fires, on the engine's timer thread: it may block, and advances other simulated
    clocks.
    """

    def __init__(self, start: datetime | None = None, *, on_jump: Callable[[datetime], None] | None = None) -> None:
        """Begin at `start` (default: 2026-01-01 UTC) without a limit."""
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._on_jump = on_jump
        self._limit: datetime | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time (UTC)."""
        with self._lock:
            return self._now

    def allow(self, limit: datetime | None) -> None:
        """Let the clock jump no further than `limit`; None: no limit."""
        with self._lock:
            self._limit = limit

    def wait_until(self, moment: datetime, changed: threading.Event, idle: Idle) -> bool:
        """Jump to the moment once the engine is idle and the limit allows it."""
        while not changed.wait(_LOOK_SECONDS):
            with self._lock:
                free = self._limit is None or moment <= self._limit
            if free and idle():
                self._jump(moment)
                return True
        return False

    def _jump(self, moment: datetime) -> None:
        with self._lock:
            self._now = max(self._now, moment)
            now = self._now
        if self._on_jump is not None:
            self._on_jump(now)
