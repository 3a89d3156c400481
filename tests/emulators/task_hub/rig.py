"""An engine with a worker and a client on it: the task hub, or durabletask's in-memory backend as the oracle."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.worker import TaskHubGrpcWorker

from emulators.task_hub import BackendOptions, HubThread, VersionMatch, VirtualClock
from emulators.task_hub.clocks import EngineClock
from tests.emulators.task_hub.in_memory_backend import TimedBackend

type Orchestration = Generator[task.Task[Any], Any, Any]

# Entity calls arrive, timers are exact, every version runs: for tests of everything else.
CALM = BackendOptions(entity_reorder_window=timedelta(), version_match=VersionMatch.NONE).without_races()
QUIET = logging.getLogger("tests.task_hub")
QUIET.setLevel(logging.CRITICAL)
QUIET.propagate = False
SECONDS = 20


@dataclass
class Program:
    """What a worker can run."""

    orchestrators: list[Callable[..., Any]] = field(default_factory=list[Callable[..., Any]])
    activities: list[Callable[..., Any]] = field(default_factory=list[Callable[..., Any]])
    entities: list[Callable[..., Any]] = field(default_factory=list[Callable[..., Any]])


@dataclass
class Rig:
    """A running engine with a client, and as many workers as a test needs."""

    engine: HubThread | TimedBackend
    address: str
    client: TaskHubGrpcClient
    clock: VirtualClock
    workers: list[TaskHubGrpcWorker] = field(default_factory=list[TaskHubGrpcWorker])

    @property
    def hub(self) -> HubThread:
        """The engine, which is a hub."""
        assert isinstance(self.engine, HubThread)
        return self.engine

    def work(self, program: Program) -> TaskHubGrpcWorker:
        """Start a worker."""
        worker = start_worker(self.address, program)
        self.workers.append(worker)
        return worker

    def start(self, name: Callable[..., Any] | str, given: Any = None, **options: Any) -> str:
        """Start an orchestration."""
        return self.client.schedule_new_orchestration(name, input=given, **options)

    def end_of(self, instance_id: str, seconds: float = SECONDS) -> OrchestrationState:
        """Wait for the end of an instance."""
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=seconds)
        assert state is not None, f"{instance_id} does not exist"
        return state

    def run(self, name: Callable[..., Any] | str, given: Any = None, **options: Any) -> OrchestrationState:
        """Start an orchestration and wait for its end."""
        return self.end_of(self.start(name, given, **options))

    def state(self, instance_id: str) -> OrchestrationState:
        """Return an instance's state."""
        state = self.client.get_orchestration_state(instance_id)
        assert state is not None, f"{instance_id} does not exist"
        return state

    def until(self, reached: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until a condition is met."""
        end = time.monotonic() + seconds
        while not reached() and time.monotonic() < end:
            time.sleep(0.002)
        assert reached()

    def gone(self, instance_id: str) -> bool:
        """Return whether there is no such instance."""
        return self.client.get_orchestration_state(instance_id) is None


def start_worker(address: str, program: Program) -> TaskHubGrpcWorker:
    """Start durabletask's own worker."""
    worker = TaskHubGrpcWorker(host_address=address, logger=QUIET)
    for orchestrator in program.orchestrators:
        worker.add_orchestrator(orchestrator)
    for activity in program.activities:
        worker.add_activity(activity)
    for entity in program.entities:
        worker.add_entity(entity)
    worker.start()
    return worker


def stop_workers(workers: Iterable[TaskHubGrpcWorker]) -> None:
    """Stop workers without waiting for them: their own stop polls once a second."""
    for worker in workers:
        threading.Thread(target=worker.stop, daemon=True).start()


@contextmanager
def running(
    program: Program | None = None, path: Path | None = None, *, clock: EngineClock | None = None, **options: Any
) -> Generator[Rig]:
    """Run a hub on a virtual clock (unless another is given) with one worker for the program."""
    options = {"options": CALM, **options}
    virtual = VirtualClock()
    with _rig(HubThread(path, clock=clock or virtual, **options), virtual, program) as rig:
        yield rig


@contextmanager
def oracle(program: Program) -> Generator[Rig]:
    """Run durabletask's in-memory backend on a virtual clock."""
    virtual = VirtualClock()
    # With `restart_finished` a parent may start a finished child again, as with the original backend.
    with _rig(TimedBackend(virtual, restart_finished=True), virtual, program) as rig:
        yield rig


@contextmanager
def _rig(engine: HubThread | TimedBackend, clock: VirtualClock, program: Program | None) -> Generator[Rig]:
    address = engine.start()
    client = TaskHubGrpcClient(host_address=address, logger=QUIET)
    rig = Rig(engine, address, client, clock)
    try:
        if program is not None:
            rig.work(program)
        yield rig
    finally:
        client.close()
        stop_workers(rig.workers)
        engine.stop()


class BareWorker:
    """A manual worker: receives work items from its own stream, and completes those that a test chooses."""

    def __init__(self, address: str, most_bytes: int | None = None, **request: Any) -> None:
        """Connect; `most_bytes` is the largest message that the worker accepts, -1 any."""
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])
        said = None if most_bytes is None else [("task-hub-max-message-bytes", str(most_bytes))]
        self.stub: Any = stubs.TaskHubSidecarServiceStub(self.channel)
        self.stream: Any = self.stub.GetWorkItems(pb.GetWorkItemsRequest(**request), timeout=SECONDS, metadata=said)

    def take(self) -> pb.WorkItem:
        """Receive the next work item."""
        return next(self.stream)

    def leave(self) -> None:
        """Close the stream; calls are still possible."""
        self.stream.cancel()

    def close(self) -> None:
        """Disconnect."""
        self.stream.cancel()
        self.channel.close()

    def complete(self, item: pb.WorkItem, *actions: pb.OrchestratorAction, **response: Any) -> None:
        """Complete a turn with actions."""
        answer = pb.OrchestratorResponse(
            instanceId=item.orchestratorRequest.instanceId, actions=actions, completionToken=item.completionToken,
            **response,
        )  # fmt: skip
        self.stub.CompleteOrchestratorTask(answer)

    def complete_activity(self, item: pb.WorkItem, result: str = "1") -> None:
        """Complete an activity."""
        request = item.activityRequest
        answer = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId,
            completionToken=item.completionToken,
        )  # fmt: skip
        answer.result.value = result
        self.stub.CompleteActivityTask(answer)


@contextmanager
def bare(address: str, **request: Any) -> Generator[BareWorker]:
    """Run a manual worker."""
    worker = BareWorker(address, **request)
    try:
        yield worker
    finally:
        worker.close()


def schedule(task: int, name: str = "step") -> pb.OrchestratorAction:
    """The action that schedules an activity."""
    return pb.OrchestratorAction(id=task, scheduleTask=pb.ScheduleTaskAction(name=name))


def finish(task: int = 99, result: str = "1") -> pb.OrchestratorAction:
    """The action that completes an orchestration."""
    action = pb.OrchestratorAction(id=task)
    action.completeOrchestration.orchestrationStatus = pb.ORCHESTRATION_STATUS_COMPLETED
    action.completeOrchestration.result.value = result
    return action


HOURS_4 = timedelta(hours=4)


def code_of(error: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    """Return the status of a call that failed."""
    call: Any = error.value
    return call.code()
