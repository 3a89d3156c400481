"""Gives work items to workers under leases, and takes them back from workers that are gone."""

import asyncio
import itertools
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from workbench.task_hub import work_items
from workbench.task_hub.errors import LostLeaseError
from workbench.task_hub.gathering import Gathering
from workbench.task_hub.history_cache import HistoryCache
from workbench.task_hub.ready_queue import ReadyQueue
from workbench.task_hub.transaction import ReadyOrchestration
from workbench.task_hub.turns import Turn
from workbench.task_hub.work_items import Batch
from workbench.task_hub.worker_stream import Work, WorkerStream

type Key = int | str
_GIVEN_BACK_SECONDS = 0.1  # before an item that a worker gave back is given out again
UNWRITTEN_SECONDS = 5.0  # before one whose completion could not be written is: a full disk must not repeat effects


@dataclass(slots=True)
class Lease:
    """One work item in a worker's hands."""

    token: str
    work: Work
    key: Key
    name: str
    version: str | None
    taken: Turn | Batch | None
    expires: float
    stream: WorkerStream | None
    completing: bool = False


class Dispatcher:
    """Queues of ready work, the workers that are connected, and the leases between them.

    A lease ends with its completion. When its stream closes, or after `lease_seconds`, the item is queued again; its
    token stays good until the item is given to somebody, so that work done by a worker that only lost its connection
    is not lost. Leases live in memory: those of an earlier process are unknown, which refuses their completions.
    """

    def __init__(
        self, db: sqlite3.Connection, now: Callable[[], int], *, lease_seconds: float, older_entities: bool
    ) -> None:
        """Take a connection that reads what is committed."""
        self._db = db
        self._now = now
        self._lease_seconds = lease_seconds
        self._older_entities = older_entities
        self.cache = HistoryCache()
        self._ready: dict[Work, ReadyQueue[Key]] = {work: ReadyQueue() for work in Work}
        self._streams: list[WorkerStream] = []
        self._leases: dict[str, Lease] = {}  # by token: every completion that is still welcome
        self._out: dict[tuple[Work, Key], Lease] = {}
        self._queued_again: dict[tuple[Work, Key], Lease] = {}
        # Others ask, on their threads, whether all is idle: they must not look while an item is between two queues.
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._epoch = uuid.uuid4().hex[:12]
        self._gathering = Gathering(db, self._release_gathered, self.lock)

    @property
    def idle(self) -> bool:
        """True when nothing is queued, gathering or out."""
        with self.lock:
            return not (self._out or self._gathering or any(self._ready.values()))

    def connect(self, stream: WorkerStream) -> None:
        """Begin to give work to a worker."""
        with self.lock:
            self._streams.append(stream)
            self.pump()

    def disconnect(self, stream: WorkerStream) -> None:
        """Take back at once what a worker has not completed."""
        with self.lock:
            if stream in self._streams:
                self._streams.remove(stream)
            for token in list(stream.tokens):
                lease = self._leases.get(token)
                if lease is not None and not lease.completing:
                    self._queue_again(lease)
            self.pump()

    def close(self) -> None:
        """End all streams."""
        self._gathering.clear()
        for stream in self._streams:
            stream.outgoing.put_nowait(None)

    def orchestration_ready(self, ready: ReadyOrchestration) -> None:
        """Queue an orchestration, at once or after more of its events have come."""
        if (Work.ORCHESTRATION, ready.n) in self._out or ready.n in self._ready[Work.ORCHESTRATION]:
            return
        if not self._gathering.add(ready):
            self._ready[Work.ORCHESTRATION].add(ready.n, ready.name, ready.version)

    def add(self, work: Work, key: Key, name: str, version: str | None) -> None:
        """Queue an activity or an entity, unless it is out."""
        if (work, key) not in self._out:
            self._ready[work].add(key, name, version)

    def _release_gathered(self, ready: ReadyOrchestration) -> None:
        with self.lock:
            self._ready[Work.ORCHESTRATION].add(ready.n, ready.name, ready.version)
            self.pump()

    def pump(self) -> None:
        """Give out all that workers have room for."""
        with self.lock:
            for work in Work:
                queue = self._ready[work]
                while queue and self._give_one(work, queue):
                    pass
            if self._gathering and not self._out and not any(self._ready.values()):
                self._gathering.flush()

    def _give_one(self, work: Work, queue: ReadyQueue[Key]) -> bool:
        for stream in sorted(self._streams, key=lambda one: one.out[work]):
            if not stream.has_room(work):
                continue
            found = queue.take(stream.accepted[work])
            if found is not None:
                self._lease(work, *found, stream)
                return True
        return False

    def _lease(self, work: Work, key: Key, name: str, version: str | None, stream: WorkerStream) -> None:
        former = self._queued_again.pop((work, key), None)
        if former is not None:
            del self._leases[former.token]
        token = f"{self._epoch}-{next(self._numbers)}"
        taken, item = self._read(work, key, token)
        if item is None:
            return
        expires = time.monotonic() + self._lease_seconds
        lease = Lease(token, work, key, name, version, taken, expires, stream)
        self._leases[token] = self._out[work, key] = lease
        stream.give(work, token, item)

    def _read(self, work: Work, key: Key, token: str) -> tuple[Turn | Batch | None, bytes | None]:
        if work is Work.ACTIVITY:
            return None, work_items.activity(self._db, int(key), token)
        if work is Work.ORCHESTRATION:
            return work_items.orchestration(self._db, self.cache, int(key), self._now(), token) or (None, None)
        return work_items.entity(self._db, str(key), token, older=self._older_entities) or (None, None)

    def _queue_again(self, lease: Lease) -> None:
        if lease.stream is not None:
            lease.stream.take_back(lease.work, lease.token)
            lease.stream = None
        if self._out.pop((lease.work, lease.key), None) is not None:
            self._queued_again[lease.work, lease.key] = lease
            self._ready[lease.work].add(lease.key, lease.name, lease.version)

    def begin_completion(self, token: str, work: Work) -> Lease:
        """Give the lease whose completion is about to be written, so that nobody else gets the item; or refuse."""
        with self.lock:
            lease = self._leases.get(token)
            if lease is None or lease.work is not work or lease.completing:
                raise LostLeaseError
            lease.completing = True
            if self._queued_again.pop((work, lease.key), None) is not None:
                self._ready[work].discard(lease.key)
                self._out[work, lease.key] = lease
            return lease

    def release(self, token: str) -> None:
        """End a lease: its completion is on disk, or nothing will ever come of it."""
        lease = self._leases.pop(token, None)
        if lease is None:
            return
        if lease.stream is not None:
            lease.stream.take_back(lease.work, token)
        self._out.pop((lease.work, lease.key), None)

    def give_back(self, token: str, work: Work, seconds: float = _GIVEN_BACK_SECONDS) -> None:
        """Let an item wait a moment and be given out again; its token is good no longer. Unknown tokens are ignored."""
        with self.lock:
            lease = self._leases.get(token)
            if lease is None or lease.work is not work or (work, lease.key) not in self._out:
                return
            if lease.stream is not None:
                lease.stream.take_back(work, token)
            del self._leases[token]
            asyncio.get_running_loop().call_later(seconds, self._give_out_again, lease)
            self.pump()

    def _give_out_again(self, lease: Lease) -> None:
        with self.lock:
            if self._out.get((lease.work, lease.key)) is lease:
                del self._out[lease.work, lease.key]
                self._ready[lease.work].add(lease.key, lease.name, lease.version)
                self.pump()

    def expire(self, moment: float) -> None:
        """Take back items whose time is over (`time.monotonic()`)."""
        with self.lock:
            for lease in [lease for lease in self._out.values() if lease.expires <= moment and not lease.completing]:
                self._queue_again(lease)
            self.pump()
