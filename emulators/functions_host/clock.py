"""The clock of timers: the machine's, or one that a test advances."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Returns the time and waits for a time; every moment is aware and in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Returns once `now()` is at or after `moment`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Sleeps in steps, so that a changed system clock or a suspended machine is noticed."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 (time is not an event)
            await asyncio.sleep(min(left, 60.0))


class ManualClock:
    """Stands still until `advance`; for tests."""

    def __init__(self, start: datetime) -> None:
        """`start` must be aware."""
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The moment that was last set."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until `advance` passes `moment`."""
        if moment <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((moment, woken))
        await woken

    def advance(self, by: timedelta) -> None:
        """Advances the clock and wakes those whose moment has come."""
        self._now += by
        due = [future for moment, future in self._sleepers if moment <= self._now]
        self._sleepers = [(moment, future) for moment, future in self._sleepers if moment > self._now]
        for future in due:
            if not future.done():
                future.set_result(None)

    @property
    def sleepers(self) -> int:
        """How many wait now."""
        return sum(1 for _, future in self._sleepers if not future.done())
