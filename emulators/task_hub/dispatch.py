"""Sends work items to workers with leases, and handles the work of a worker that has disconnected."""

import itertools
import logging
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable

from emulators.task_hub import work_items
from emulators.task_hub.backend_options import BackendOptions, LostWorker
from emulators.task_hub.errors import LostLeaseError
from emulators.task_hub.gathering import Gathering
from emulators.task_hub.hidden import SECOND, Hidden, Item, Key, back_off, hidden_until
from emulators.task_hub.history_cache import HistoryCache
from emulators.task_hub.lease import Lease, Reports
from emulators.task_hub.ready_queue import ReadyQueue
from emulators.task_hub.time_keeper import MICROSECOND
from emulators.task_hub.transaction import ReadyOrchestration
from emulators.task_hub.turns import Turn
from emulators.task_hub.versions import may_run
from emulators.task_hub.work_items import Batch, Sight, Source
from emulators.task_hub.worker_stream import Work, WorkerStream

_log = logging.getLogger("task_hub.dispatch")
UNWRITTEN_SECONDS = 5  # before an item whose completion could not be written: a full disk must not repeat effects


class Dispatcher:
    """Queues of ready work, the workers that are connected, and the leases between them.

    A lease ends with its completion. When its stream closes, its messages stay hidden for the visibility timeout, as
    those of a host that has ended, and its token is invalid; after `lease_seconds` of a silent worker the item
    is queued again. Leases live in memory: those of an earlier process are unknown, which refuses their completions.
    """

    reports: Reports

    def __init__(
        self,
        db: sqlite3.Connection,
        now: Callable[[], int],
        options: BackendOptions,
        *,
        lease_seconds: float,
        older_entities: bool,
    ) -> None:
        """Use a connection that reads what is committed; `reports` is set before the first worker connects."""
        self._now = now
        self._options = options
        self._lease_seconds = lease_seconds
        self.cache = HistoryCache()
        self._source = Source(db, self.cache, options.entity_reorder_window, older_entities)
        self.hidden = Hidden()
        self._ready: dict[Work, ReadyQueue[Key]] = {work: ReadyQueue() for work in Work}
        self._streams: list[WorkerStream] = []
        self._leases: dict[str, Lease] = {}  # by token: every completion that is still accepted
        self._out: dict[tuple[Work, Key], Lease] = {}
        self._queued_again: dict[tuple[Work, Key], Lease] = {}
        self._put_back: Counter[tuple[Work, Key]] = Counter()
        self._given: list[Lease] = []
        self._aside: list[Item] = []  # too large for all workers with capacity
        self._streams_lost = 0
        self._closed = False
        # Other threads check whether all is idle: they must not do so while an item is between two queues.
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._epoch = uuid.uuid4().hex[:12]
        self._gathering = Gathering(db, self._release_gathered, self.lock)

    @property
    def idle(self) -> bool:
        """True when nothing is queued, gathering or in work; what is hidden waits for its time like a timer."""
        with self.lock:
            return not (self._out or self._gathering or self._aside or any(self._ready.values()))

    def connect(self, stream: WorkerStream) -> None:
        """Begin to send work to a worker."""
        with self.lock:
            self._streams.append(stream)
            self.pump()

    def disconnect(self, stream: WorkerStream) -> None:
        """Remove a worker: what it has not completed is lost with its host, or with its process alone."""
        with self.lock:
            if stream in self._streams:
                self._streams.remove(stream)
            found = [self._leases.get(token) for token in stream.tokens]
            lost = [lease for lease in found if lease is not None and not lease.completing]
            if self._closed or not lost:
                return
            self._streams_lost += 1
            alone = self._options.lost_worker is LostWorker.WORKER or (
                self._options.lost_worker is LostWorker.BOTH and self._streams_lost % 2 == 0
            )
            for lease in lost:
                self._end_without_worker(lease, host_lives=alone)
            self.pump()

    def _end_without_worker(self, lease: Lease, *, host_lives: bool) -> None:
        if host_lives and lease.item.work is Work.ORCHESTRATION:
            self._hide(lease, self._now() + self._next_back_off(lease))
        elif host_lives:
            self._end_now(lease, self.reports.worker_lost)
        else:
            self._hide(lease, hidden_until(lease.given, self._now(), self.visibility(lease.item.work)))

    def visibility(self, work: Work) -> int:
        """Return how long a message of a host that has ended stays hidden (microseconds)."""
        of_queue = self._options.work_item_visibility, self._options.control_queue_visibility
        return of_queue[work is not Work.ACTIVITY] // MICROSECOND

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._gathering.clear()
        for stream in self._streams:
            stream.outgoing.put_nowait(None)

    def orchestration_ready(self, ready: ReadyOrchestration) -> None:
        """Queue an orchestration, at once or after more of its events have arrived."""
        if (Work.ORCHESTRATION, ready.n) in self._out or ready.n in self._ready[Work.ORCHESTRATION]:
            return
        if not self._gathering.add(ready):
            self._ready[Work.ORCHESTRATION].add(ready.n, ready.name, ready.version)

    def add(self, work: Work, key: Key, name: str, version: str | None) -> None:
        """Queue a work item, unless a worker has it."""
        if (work, key) not in self._out:
            self._ready[work].add(key, name, version)

    def is_out(self, work: Work, key: Key) -> bool:
        """Return whether a worker has an item."""
        return (work, key) in self._out

    def hide(self, item: Item, rows: tuple[int, ...], until: int) -> None:
        """Make rows of a work item visible at a time (microseconds since 1970)."""
        with self.lock:
            self.hidden.hide(item, rows, until)
            self.reports.seen_at(until)

    def show(self, now: int) -> None:
        """Queue work items with a row that is visible now."""
        with self.lock:
            for item in self.hidden.show(now):
                self.add(item.work, item.key, item.name, item.version)
            self.pump()

    def _release_gathered(self, ready: ReadyOrchestration) -> None:
        with self.lock:
            self._ready[Work.ORCHESTRATION].add(ready.n, ready.name, ready.version)
            self.pump()

    def pump(self) -> None:
        """Send as many work items as workers have capacity for."""
        with self.lock:
            aside, self._aside = self._aside, []
            for item in aside:
                self.add(item.work, item.key, item.name, item.version)
            for work in Work:
                queue = self._ready[work]
                while queue and self._give_one(work, queue):
                    pass
            if self._gathering and not self._out and not any(self._ready.values()):
                self._gathering.flush()
            given, self._given = self._given, []
            if given:
                self.reports.given(given)

    def _give_one(self, work: Work, queue: ReadyQueue[Key]) -> bool:
        for stream in sorted(self._streams, key=lambda one: one.out[work]):
            if not stream.has_capacity(work):
                continue
            found = queue.take(stream.accepted[work])
            if found is not None:
                self._lease(Item(work, *found), stream)
                return True
        return False

    def _lease(self, item: Item, stream: WorkerStream) -> None:
        former = self._queued_again.pop((item.work, item.key), None)
        if former is not None:
            del self._leases[former.token]
        token = f"{self._epoch}-{next(self._numbers)}"
        taken, content = self._read(item, token, stream.most_bytes)
        if content is None:
            return
        expires = time.monotonic() + self._lease_seconds
        lease = Lease(token, item, taken, len(content), self._now(), expires)
        if item.work is Work.ORCHESTRATION and not may_run(self._options, item.version):
            self._refuse_version(lease)
            return
        if lease.size > stream.most_bytes:
            kind = item.work, item.name, item.version
            larger = [one for one in self._streams if one.most_bytes >= lease.size and one.accepts(*kind)]
            roomy = next((one for one in larger if one.has_capacity(item.work)), None)
            if roomy is None:
                self._set_aside(lease, fails=not larger)
                return
            stream = roomy
        lease.stream = stream
        self._leases[token] = self._out[item.work, item.key] = lease
        self._given.append(lease)
        stream.give(item.work, token, content)

    def _set_aside(self, lease: Lease, *, fails: bool) -> None:
        """Fail an item that no worker accepts because of its size: sending it would end the worker's stream."""
        if fails:
            self._end_now(lease, self.reports.too_large)
        else:
            self._aside.append(lease.item)

    def _refuse_version(self, lease: Lease) -> None:
        """Let a run of another version wait until it has a new message or the hub is restarted, or end it."""
        if self._options.fail_other_versions:
            self._end_now(lease, self.reports.other_version)
        else:
            own = self._options.default_version
            _log.warning("%s waits: its version %s is not for version %s", lease.item.name, lease.item.version, own)

    def _end_now(self, lease: Lease, report: Callable[[Lease], None]) -> None:
        lease.completing = True
        self._leases[lease.token] = self._out[lease.item.work, lease.item.key] = lease
        report(lease)

    def _read(self, item: Item, token: str, most_bytes: int) -> tuple[Turn | Batch | None, bytes | None]:
        now = self._now()
        sight = Sight(self.hidden.rows(item.work, item.key, now), now)
        return work_items.read(self._source, item, sight, token, most_bytes)

    def _hide(self, lease: Lease, until: int) -> None:
        self._forget(lease)
        item = lease.item
        self.hide(item, lease.rows, until)
        # An entity or an orchestration may have other messages that are not hidden.
        if item.work is not Work.ACTIVITY and self._read(item, "", self._options.max_message_bytes)[1] is not None:
            self.add(item.work, item.key, item.name, item.version)

    def _leave_stream(self, lease: Lease) -> None:
        if lease.stream is not None:
            lease.stream.take_back(lease.item.work, lease.token)
            lease.stream = None

    def _forget(self, lease: Lease) -> None:
        self._leave_stream(lease)
        self._leases.pop(lease.token, None)
        self._out.pop((lease.item.work, lease.item.key), None)

    def _queue_again(self, lease: Lease) -> None:
        self._leave_stream(lease)
        place = (lease.item.work, lease.item.key)
        if self._out.pop(place, None) is not None:
            self._queued_again[place] = lease
            self.add(lease.item.work, lease.item.key, lease.item.name, lease.item.version)

    def begin_completion(self, token: str, work: Work) -> Lease:
        """Return the lease whose completion is about to be written, so that no other worker gets it; or refuse."""
        with self.lock:
            lease = self._leases.get(token)
            if lease is None or lease.item.work is not work or lease.completing:
                raise LostLeaseError
            lease.completing = True
            if self._queued_again.pop((work, lease.item.key), None) is not None:
                self._ready[work].discard(lease.item.key)
                self._out[work, lease.item.key] = lease
            return lease

    def release(self, token: str) -> None:
        """End a lease: its completion is on disk, or will never be."""
        lease = self._leases.get(token)
        if lease is not None:
            self._forget(lease)
            del self._put_back[lease.item.work, lease.item.key]

    def give_back(self, token: str, work: Work, seconds: int | None = None) -> None:
        """Let an item be sent again; its token becomes invalid. Unknown tokens are ignored.

        `seconds` on the hub's clock; as long as the extension keeps an abandoned message hidden unless given.
        """
        with self.lock:
            lease = self._leases.get(token)
            if lease is None or lease.item.work is not work or (work, lease.item.key) not in self._out:
                return
            wait = self._next_back_off(lease) if seconds is None else seconds * SECOND
            self._hide(lease, self._now() + wait)
            self.show(self._now())

    def _next_back_off(self, lease: Lease) -> int:
        self._put_back[lease.item.work, lease.item.key] += 1
        return back_off(self._put_back[lease.item.work, lease.item.key])

    def expire(self, moment: float) -> None:
        """Take back items whose lease has expired (`time.monotonic()`)."""
        with self.lock:
            for lease in [lease for lease in self._out.values() if lease.expires <= moment and not lease.completing]:
                self._queue_again(lease)
            self.pump()
