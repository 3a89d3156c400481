"""The in-memory engine, its timers on one thread and its time from a given clock."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from typing import Any

import grpc
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.testing import InMemoryOrchestrationBackend, in_memory_backend

from emulators.task_hub.clocks import EngineClock

_QUIET_LOOKS = 3


class _EngineTime(datetime):
    """Replaces `datetime` in the engine's module, which reads the time at forty places."""

    clock: EngineClock | None = None

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return (cls.clock.now() if cls.clock else datetime.now(UTC)).astimezone(tz or UTC)


class TimedBackend(InMemoryOrchestrationBackend):
    """The in-memory engine on a given clock. One at a time in a process: the module's clock is replaced."""

    def __init__(self, clock: EngineClock, *, port: int = 0, restart_finished: bool = False) -> None:
        """Use the clock; `port` 0 is any free one.

        Engines differ in what a start with the id of a finished run does: `restart_finished` starts it again,
        else the start is refused.
        """
        super().__init__(port=port)
        self._restart_finished = restart_finished
        self.started: list[str] = []
        self._clock = clock
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Event()
        self._activities_out = 0
        self._quiet = 0
        self._keeper = threading.Thread(target=self._keep_time, name="engine-timers", daemon=True)

    def start(self) -> str:
        """Start serving on 127.0.0.1 and return the address."""
        _EngineTime.clock = self._clock
        in_memory_backend.datetime = _EngineTime  # type: ignore[attr-defined] # pyright: ignore[reportPrivateImportUsage]
        # Its own start listens on every address, with ten threads: each client that waits for a run uses one.
        self._server = grpc.server(ThreadPoolExecutor(64, thread_name_prefix="engine"))
        stubs.add_TaskHubSidecarServiceServicer_to_server(self, self._server)  # pyright: ignore[reportUnknownMemberType]
        port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        self._server.start()
        self._keeper.start()
        return f"127.0.0.1:{port}"

    def stop(self, grace: float | None = None) -> None:
        """Stop serving, and the timers with it."""
        super().stop(grace)
        self._changed.set()
        if self._keeper.is_alive():
            self._keeper.join(5)
        _EngineTime.clock = None

    def pending_timers(self) -> list[datetime]:
        """Return the times of all timers that have not fired, soonest first."""
        with self._lock:
            return sorted(timer[0] for timer in self._timers)

    def is_idle(self) -> bool:
        """Return whether no orchestration, activity or entity is queued or active."""
        with self._lock:
            busy = (
                self._orchestration_queue
                or self._orchestration_in_flight
                or self._activity_queue
                or self._activities_out
                or self._entity_queue
                or self._entity_in_flight
            )
        # A finished child is passed to its parent by a separate thread: the engine must be idle several times.
        self._quiet = 0 if busy else self._quiet + 1
        return self._quiet > _QUIET_LOOKS

    def StartInstance(  # noqa: N802 - gRPC
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        """Start a run from a client."""
        with self._lock:
            known = self._instances.get(request.instanceId)
            if known and self._restart_finished and self._is_terminal_status(known.status):
                del self._instances[request.instanceId]
            answer = super().StartInstance(request, context)
            self.started.append(answer.instanceId)
        return answer

    def _create_instance_internal(
        self, instance_id: str, name: str, encoded_input: str | None = None, version: str | None = None
    ) -> None:
        """Start a run from an orchestration or an entity."""
        if instance_id in self._instances and not self._restart_finished:
            raise ValueError(f"Orchestration instance '{instance_id}' already exists")
        super()._create_instance_internal(instance_id, name, encoded_input, version)
        self.started.append(instance_id)

    def GetWorkItems(self, request: pb.GetWorkItemsRequest, context: grpc.ServicerContext) -> Iterator[pb.WorkItem]:  # noqa: N802 - gRPC
        """Stream work items, and count the activities that a worker has."""
        for item in super().GetWorkItems(request, context):
            if item.HasField("activityRequest"):
                with self._lock:
                    self._activities_out += 1
            yield item

    def CompleteActivityTask(  # noqa: N802 - gRPC
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Store an activity's result; it counts until the orchestration was queued."""
        try:
            return super().CompleteActivityTask(request, context)
        finally:
            with self._lock:
                self._activities_out -= 1

    def _process_create_timer_action(self, instance: Any, action: pb.OrchestratorAction) -> None:
        fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        instance.history.append(helpers.new_timer_created_event(action.id, fire_at))
        if instance.status == pb.ORCHESTRATION_STATUS_PENDING:
            instance.status = pb.ORCHESTRATION_STATUS_RUNNING

        def fire() -> None:
            current = self._instances.get(instance.instance_id)
            if current and not self._is_terminal_status(current.status):
                current.pending_events.append(helpers.new_timer_fired_event(action.id, fire_at))
                current.last_updated_at = self._clock.now()
                self._enqueue_orchestration(instance.instance_id)

        self._add_timer(fire_at, fire)

    def _schedule_delayed_entity_operation(self, entity_id: str, event: pb.HistoryEvent, fire_at: datetime) -> None:
        self._add_timer(fire_at, lambda: self._queue_entity_operation(entity_id, event))

    def _add_timer(self, fire_at: datetime, fire: Callable[[], None]) -> None:
        with self._lock:
            heapq.heappush(self._timers, (fire_at, next(self._order), fire))
        self._changed.set()

    def _keep_time(self) -> None:
        while not self._shutdown_event.is_set():
            self._changed.clear()
            with self._lock:
                due = self._timers[0][0] if self._timers else None
            if due is None:
                self._changed.wait(0.5)
            elif self._clock.wait_until(due, self._changed, self.is_idle):
                self._fire_due()

    def _fire_due(self) -> None:
        now = self._clock.now()
        with self._lock:
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
