"""The emulator's time: a heap of events, run by a real, a scaled or a stepped clock."""

import asyncio
import heapq
import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

type Action = Callable[[], Coroutine[Any, Any, None] | None]


class Clock(ABC):
    """Simulated time in UTC, and the events that run at their time."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    @abstractmethod
    def now(self) -> datetime:
        """The simulated moment, in UTC."""

    @abstractmethod
    def pace(self, seconds: float) -> float:
        """How many real seconds a client should wait for `seconds` of simulated time to pass."""

    def call_in(self, seconds: float, action: Action) -> None:
        """Run `action` (plain or async) when `seconds` of simulated time have passed."""
        heapq.heappush(self._heap, (self.now() + timedelta(seconds=seconds), next(self._order), action))
        self._changed()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of simulated time."""
        passed = asyncio.Event()
        self.call_in(seconds, passed.set)
        await passed.wait()

    def next_due(self) -> datetime | None:
        """When the next event is due, or None when no event is scheduled."""
        return self._heap[0][0] if self._heap else None

    def retry_headers(self, seconds: float) -> dict[str, str]:
        """Headers that make a client poll again after `seconds` of simulated time.

        `Retry-After` must be a whole number above zero and beats `x-ms-retry-after-ms` in azure-core, so a wait
        shorter than a second uses only the millisecond header.
        """
        real = self.pace(seconds)
        if real >= 1:
            return {"Retry-After": str(math.ceil(real))}
        return {"x-ms-retry-after-ms": str(max(1, round(real * 1000)))}

    async def start(self) -> None:  # noqa: B027 - a clock that is advanced by hand has nothing to start
        """Begin to run events."""

    async def stop(self) -> None:
        """Stop running events; scheduled ones are dropped."""
        self._heap.clear()

    def _changed(self) -> None:  # noqa: B027 - only a running clock needs this
        """Called when the heap has a new event."""


class RunningClock(Clock):
    """A clock that moves by itself: `speed` simulated seconds per real second."""

    def __init__(self, speed: float = 1.0, epoch: datetime | None = None) -> None:
        super().__init__()
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._epoch = epoch or datetime.now(UTC)
        self._origin = time.monotonic()
        self._wake = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._actions: set[asyncio.Task[None]] = set()

    def now(self) -> datetime:
        """The simulated moment, in UTC."""
        return self._epoch + timedelta(seconds=(time.monotonic() - self._origin) * self.speed)

    def pace(self, seconds: float) -> float:
        """Real seconds that `seconds` of simulated time take."""
        return seconds / self.speed

    async def start(self) -> None:
        """Begin to run events in a task of the running loop."""
        self._runner = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop the task; drop scheduled events and cancel running ones."""
        await super().stop()
        tasks = [*self._actions, *([self._runner] if self._runner else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self) -> None:
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            self._run_due()
            due = self.next_due()
            timeout = None if due is None else max(0.0, (due - self.now()).total_seconds() / self.speed)
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                continue

    def _run_due(self) -> None:
        now = self.now()
        while self._heap and self._heap[0][0] <= now:
            running = heapq.heappop(self._heap)[2]()
            if running is not None:
                task = asyncio.create_task(running)
                self._actions.add(task)
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._actions.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "an event failed", "exception": error})


class RealClock(RunningClock):
    """One simulated second per real second."""

    def __init__(self) -> None:
        super().__init__(speed=1.0)


class ScaledClock(RunningClock):
    """Many simulated seconds per real second."""

    def __init__(self, speed: float = 20.0) -> None:
        super().__init__(speed=speed)


class SteppedClock(Clock):
    """A clock that moves only when it is advanced: deterministic, for tests."""

    def __init__(self, epoch: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        super().__init__()
        self._now = epoch
        self._stepping = asyncio.Lock()

    def now(self) -> datetime:
        """The simulated moment, in UTC."""
        return self._now

    def pace(self, seconds: float) -> float:
        """A hundredth of a second: a poller does not wait in real time, because another caller advances the clock."""
        return 0.01

    async def advance(self, seconds: float) -> None:
        """Advance by `seconds`, and run every event that becomes due, in order, each to its end."""
        async with self._stepping:
            target = self._now + timedelta(seconds=seconds)
            while self._heap and self._heap[0][0] <= target:
                due, _, action = heapq.heappop(self._heap)
                self._now = max(self._now, due)
                running = action()
                if running is not None:
                    await running
            self._now = target
            await asyncio.sleep(0)
