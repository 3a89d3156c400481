"""The embedded durable engine: durabletask's sidecar protocol over one SQLite file."""

import asyncio
import contextlib
import logging
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulators.task_hub import schema, timers
from emulators.task_hub.backend_options import BackendOptions
from emulators.task_hub.client_service import ClientService
from emulators.task_hub.clocks import EngineClock
from emulators.task_hub.dispatch import Dispatcher
from emulators.task_hub.effects import Recovery
from emulators.task_hub.file_lock import FileLock
from emulators.task_hub.grpc_server import create_server
from emulators.task_hub.journal import Journal
from emulators.task_hub.lease import Lease, Reports
from emulators.task_hub.parts import Parts
from emulators.task_hub.polling import Polling
from emulators.task_hub.recovery import mark, queue_all
from emulators.task_hub.starting import Existing
from emulators.task_hub.system_clock import SystemClock
from emulators.task_hub.time_keeper import MICROSECOND, TimeKeeper, microseconds
from emulators.task_hub.waiting import Waiting
from emulators.task_hub.worker_service import WorkerService

_log = logging.getLogger("task_hub")
_GRACE_SECONDS = 0.5


class TaskHub:
    """One hub, on the event loop that starts it; `emulators.task_hub.HubThread` brings its own."""

    def __init__(
        self,
        path: Path | None,
        *,
        clock: EngineClock | None = None,
        options: BackendOptions | None = None,
        existing: str | None = None,
        default_version: str | None = None,
        lease_seconds: float = 3600.0,
        older_entity_requests: bool = False,
        on_started: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is opened before `start`.

        `path`: the file, created if missing; None is a temporary one without durability, for tests. `clock`: default
        the machine's. `options`: the backend's settings, default the extension's own.
        `existing`: what a start with a known id does, "reject", "restart" (a finished run) or "replace" (any), default
        as `options` say. `default_version` overrides that of `options`. `lease_seconds`: when a work item
        is taken back from a worker that is connected but does not complete it.
        `older_entity_requests`: send entities `EntityBatchRequest` (V1) instead of `EntityRequest` (V2).
        `on_started` is called with the id of each run that begins.
        """
        self._path = path
        self._clock: EngineClock = clock or SystemClock()
        self.options = options or BackendOptions()
        if default_version is not None:
            self.options = replace(self.options, default_version=default_version)
        self.existing = Existing(existing or ("replace" if self.options.replace_running else "restart"))
        self._lease_seconds = lease_seconds
        self._older_entities = older_entity_requests
        self._on_started = on_started
        self._last_now = 0
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._resources = contextlib.ExitStack()
        self._parts: Parts | None = None
        self._keeper: TimeKeeper | None = None
        self._server: Any = None
        self._expiry: asyncio.Task[None] | None = None

    async def start(self, port: int = 0) -> str:
        """Open the file, resume all that is in it, and serve on 127.0.0.1; return "127.0.0.1:PORT".

        Raises `TaskHubFileError` when the file is in use, damaged, newer, not a hub's, or not writable; `OSError`
        when the port is taken.
        """
        try:
            return await self._start(port)
        except BaseException:
            await self.stop()
            raise

    async def _start(self, port: int) -> str:
        path = self._path
        if path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="task-hub-", ignore_cleanup_errors=True)
            path = Path(self._temporary.name) / "hub.db"
        elif path.parent.is_dir():
            self._resources.callback(FileLock(path).release)
        durable = self._path is not None
        writer = schema.open_writer(path, durable=durable)
        self._resources.callback(writer.close)
        reader = schema.open_reader(path)
        self._resources.callback(reader.close)
        waiting = Waiting()
        polling = Polling(self.options.max_polling_interval // MICROSECOND)
        polling.begin(self._now())
        dispatcher = Dispatcher(
            reader, self._now, self.options, lease_seconds=self._lease_seconds, older_entities=self._older_entities
        )
        recovery = Recovery(dispatcher, waiting, self._note_timer, self._on_started, polling, self._now)
        coarse = self.options.early_timers
        journal = Journal(writer, self._now, recovery, synced=durable, coarse_timers=coarse)
        parts = self._parts = Parts(journal, reader, dispatcher, waiting, self.existing, self.options, polling)
        workers = WorkerService(parts)
        ended = (workers.worker_lost, workers.too_large, workers.other_version)
        dispatcher.reports = Reports(self._note_timer, self._mark, *ended)
        queue_all(reader, dispatcher, self._now())
        self._keeper = TimeKeeper(self._clock, self.is_idle, self._fire)
        self._server = create_server(ClientService(parts), workers)
        bound = self._bind(port)
        await self._server.start()
        self._keeper.start(self._next_due(parts))
        self._expiry = asyncio.create_task(self._expire())
        return f"127.0.0.1:{bound}"

    def _bind(self, port: int) -> int:
        taken = f"port {port} of 127.0.0.1 is in use: choose another, or 0 for any"
        # gRPC writes a line to standard error when a port is in use: check with the kernel first.
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise OSError(taken) from error
        return self._server.add_insecure_port(f"127.0.0.1:{port}")

    async def stop(self) -> None:
        """Answer completed calls, end all streams and close the file; safe to call twice, or before `start`."""
        parts, self._parts = self._parts, None
        if self._expiry is not None:
            self._expiry.cancel()
        if self._keeper is not None:
            await self._keeper.stop()
        if parts is not None:
            parts.dispatcher.close()
            if self._server is not None:
                await self._server.stop(_GRACE_SECONDS)
            await parts.journal.close()
        self._resources.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def is_idle(self) -> bool:
        """Tell, on any thread, whether nothing is queued, in work or being written; timers and pauses do not count."""
        parts = self._parts
        if parts is None:
            return False
        # An item that is being completed is in work until its commit is known; what is committed is queued before
        # the journal is idle. So under the lock one of the two is busy as long as there is anything to do.
        with parts.dispatcher.lock:
            return parts.dispatcher.idle and not parts.journal.busy

    def due_timers(self) -> list[int]:
        """Return the times when timers fire and hidden work becomes visible (microseconds since 1970), earliest first.

        Only on the hub's event loop.
        """
        parts = self._parts
        return sorted([*timers.all_due(parts.reader), *parts.dispatcher.hidden.due()]) if parts else []

    def _now(self) -> int:
        # A machine's clock may be set back; an orchestration's time never runs backwards.
        self._last_now = max(self._last_now, microseconds(self._clock.now()))
        return self._last_now

    def _note_timer(self, due: int) -> None:
        if self._keeper is not None:
            self._keeper.note(due)

    async def _fire(self, due: int) -> int | None:
        parts = self._parts
        if parts is None:
            return None
        look = parts.polling.next_poll if self.options.late_timers else None
        await parts.journal.submit(lambda tx: timers.fire(tx, max(due, tx.now), look))
        parts.dispatcher.show(max(due, self._now()))
        return self._next_due(parts)

    def _next_due(self, parts: Parts) -> int | None:
        soonest = (timers.next_due(parts.reader), parts.dispatcher.hidden.next_due())
        return min((due for due in soonest if due is not None), default=None)

    def _mark(self, leases: list[Lease]) -> None:
        # A hub without a file of its own is never started again.
        parts = self._parts
        if parts is not None and self._path is not None:
            marked = parts.journal.submit(lambda tx: mark(tx, leases, parts.dispatcher))
            # What could not be marked only becomes visible earlier.
            marked.add_done_callback(lambda done: done.exception())

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(min(self._lease_seconds / 4, 10.0))
            if self._parts is not None:
                self._parts.dispatcher.expire(time.monotonic())
