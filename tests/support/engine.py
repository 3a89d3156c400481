"""Runs the app's orchestrators on the emulated task hub under a virtual clock, with a test's own activities."""

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from emulators.task_hub import BackendOptions, HubThread, VirtualClock
from orchestrators.registration import ENTITIES, ORCHESTRATIONS
from tests.emulators.task_hub.in_memory_backend import TimedBackend
from tools.rig.kept_orchestrations import kept_orchestrations

HOST_JSON = Path(__file__).parents[2] / "host.json"
AS_SHIPPED = BackendOptions.of_host_json(HOST_JSON, {})
QUIET = logging.getLogger("tests.engine")
QUIET.setLevel(logging.ERROR)

type ActivityBody = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]


@dataclass
class RunningEngine:
    """An engine that runs the app's orchestrators."""

    address: str
    clock: VirtualClock
    client: TaskHubGrpcClient
    backend: HubThread | TimedBackend

    def run(self, name: str, payload: dict[str, Any], instance_id: str) -> OrchestrationState:
        """Start an orchestration and wait for its end (real seconds: 60 at most)."""
        self.client.schedule_new_orchestration(name, input=payload, instance_id=instance_id)
        return self.end_of(instance_id)

    def end_of(self, instance_id: str) -> OrchestrationState:
        """Wait for the end of a run."""
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=60)
        assert state is not None
        return state


@contextmanager
def engine(
    activities: Mapping[str, ActivityBody],
    clock: VirtualClock | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    *,
    restart_finished: bool = False,
    options: BackendOptions = AS_SHIPPED,
    oracle: bool = False,
    replay: bool = False,
    orchestrations: tuple[Callable[..., Any], ...] = ORCHESTRATIONS,
) -> Generator[RunningEngine]:
    """Start the engine and a worker; asynchronous activities run on the given loop, as on the app's one loop.

    `options`: how strict the hub is. `replay`: each turn replays the whole history, as on Azure; otherwise the worker
    keeps an orchestration between its turns. `oracle`: the in-memory engine instead, of which histories are recorded.
    """
    clock = clock or VirtualClock()
    if oracle:
        backend = TimedBackend(clock, restart_finished=restart_finished)
    else:
        backend = HubThread(clock=clock, options=options, existing="restart" if restart_finished else "reject")
    address = backend.start()
    worker = TaskHubGrpcWorker(host_address=address, logger=QUIET)
    for orchestrator in orchestrations:
        worker.add_orchestrator(orchestrator)
    for entity in ENTITIES:
        worker.add_entity(entity)
    for name, body in activities.items():
        worker.add_activity(_as_activity(name, body, loop))
    worker.start()
    client = TaskHubGrpcClient(host_address=address, logger=QUIET)
    try:
        with nullcontext() if replay else kept_orchestrations():
            yield RunningEngine(address, clock, client, backend)
    finally:
        client.close()
        # The worker's own stop polls once a second; a stopped engine needs no more of it.
        threading.Thread(target=worker.stop, daemon=True).start()
        backend.stop()


def _as_activity(name: str, body: ActivityBody, loop: asyncio.AbstractEventLoop | None) -> Callable[..., Any]:
    def activity(_context: Any, request: dict[str, Any]) -> dict[str, Any]:
        given = body(request)
        if inspect.isawaitable(given):
            assert loop is not None, "asynchronous activities need a loop"
            return asyncio.run_coroutine_threadsafe(_awaited(given), loop).result()
        return given

    activity.__name__ = name
    return activity


async def _awaited(given: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await given
