"""A task hub with an event loop and a thread of its own, for programs and tests that have none."""

import asyncio
import threading
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from emulators.task_hub.backend_options import BackendOptions
from emulators.task_hub.clocks import EngineClock
from emulators.task_hub.hub import TaskHub
from emulators.task_hub.time_keeper import as_datetime

_SECONDS = 30.0


class HubThread:
    """Blocking `start` and `stop`; can be used in place of `emulators.task_hub.TimedBackend`."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: EngineClock | None = None,
        options: BackendOptions | None = None,
        existing: str | None = None,
        lease_seconds: float = 3600.0,
        older_entity_requests: bool = False,
    ) -> None:
        """As `TaskHub`; nothing runs before `start`."""
        self.started: list[str] = []
        self.address = ""
        self._hub = TaskHub(
            path,
            clock=clock,
            options=options,
            existing=existing,
            lease_seconds=lease_seconds,
            older_entity_requests=older_entity_requests,
            on_started=self.started.append,
        )
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_heard)
        self._thread = threading.Thread(target=self._loop.run_forever, name="task-hub", daemon=True)

    def start(self, port: int = 0) -> str:
        """Start serving on 127.0.0.1 and return "127.0.0.1:PORT"; raises what `TaskHub.start` raises."""
        self._thread.start()
        try:
            self.address = self.call(self._hub.start(port))
        except BaseException:
            self.stop()
            raise
        return self.address

    def stop(self) -> None:
        """Stop serving and close the file; safe to call twice."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            self.call(self._hub.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_SECONDS)
        self._loop.close()

    def is_idle(self) -> bool:
        """Return whether nothing is queued, in work or being written."""
        return self._hub.is_idle()

    def pending_timers(self) -> list[datetime]:
        """Return the times of all timers that have not fired, soonest first (UTC)."""

        async def read() -> list[int]:
            return self._hub.due_timers()

        return [as_datetime(moment) for moment in self.call(read())]

    def call[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the hub's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)


def _heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore one error: gRPC's event loops share a socket, and one may find that another has read it."""
    if isinstance(context.get("exception"), BlockingIOError) and "PollerCompletionQueue" in str(context.get("handle")):
        return
    loop.default_exception_handler(context)
