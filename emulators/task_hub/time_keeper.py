"""Fires timers when they are due, on the hub's clock."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from emulators.task_hub.clocks import EngineClock
from emulators.task_hub.errors import HubError

_log = logging.getLogger("task_hub.time")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_RETRY_SECONDS = 1.0


def microseconds(moment: datetime) -> int:
    """Return a time as whole microseconds since 1970, UTC."""
    return (moment - _EPOCH) // MICROSECOND


def as_datetime(moment: int) -> datetime:
    """Return microseconds since 1970 as a time (UTC)."""
    return _EPOCH + moment * MICROSECOND


class TimeKeeper:
    """One thread that waits for the earliest timer: clocks may block, and an event loop may not."""

    def __init__(
        self, clock: EngineClock, idle: Callable[[], bool], fire: Callable[[int], Awaitable[int | None]]
    ) -> None:
        """Use the clock, a check whether the hub is idle, and a function that fires due timers and returns the next."""
        self._clock = clock
        self._idle = idle
        self._fire = fire
        self._due: int | None = None
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._keep, name="task-hub-time", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, due: int | None) -> None:
        """Start on the running event loop, with the earliest timer."""
        self._loop = asyncio.get_running_loop()
        self._due = due
        self._thread.start()

    def note(self, due: int) -> None:
        """Add a new timer."""
        if self._due is None or due < self._due:
            self._due = due
            self._changed.set()

    async def stop(self) -> None:
        """End the thread; a clock that blocks ends it at its next check."""
        self._stopping = True
        self._changed.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 5.0)

    def _keep(self) -> None:
        while not self._stopping:
            self._changed.clear()
            due = self._due
            if self._stopping:
                return
            if due is None:
                self._changed.wait()
            elif self._clock.wait_until(as_datetime(due), self._changed, self._nothing_sooner) and not self._stopping:
                self._fire_on_loop(due)

    def _nothing_sooner(self) -> bool:
        # In this order: an earlier timer is added before the hub is idle, so it is visible once the hub is.
        return self._idle() and not self._changed.is_set()

    def _fire_on_loop(self, due: int) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            asyncio.run_coroutine_threadsafe(self._fired(due), loop).result()
        except HubError as error:
            _log.error("timers cannot be fired: %s", error.message)
            self._changed.wait(_RETRY_SECONDS)
        except (asyncio.CancelledError, RuntimeError):
            return  # the loop ends

    async def _fired(self, due: int) -> None:
        self._due = await self._fire(due)
