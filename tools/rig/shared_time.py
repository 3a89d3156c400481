"""Simulated time that several processes share, and that goes on while one of them is dead."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from emulators.task_hub import ScaledClock


@dataclass(frozen=True)
class SharedTime:
    """Simulated time that continues while a process is dead: it was `moment` at `origin` of the monotonic clock.

    The monotonic clock counts from the computer's start, so every process reads the same time.
    """

    moment: datetime
    origin: float
    speed: float

    @classmethod
    def begin(cls, speed: float, moment: datetime | None = None) -> Self:
        """Begin now, at `moment` (default: the time of day)."""
        return cls(moment or datetime.now(UTC), time.monotonic(), speed)

    def now(self) -> datetime:
        """Return the time (UTC)."""
        return self.moment + timedelta(seconds=(time.monotonic() - self.origin) * self.speed)

    def clock(self) -> ScaledClock:
        """Return a clock for an engine that starts now."""
        return ScaledClock(self.now(), self.speed)
