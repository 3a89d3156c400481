"""Runs our orchestrators on the in-memory engine under a virtual clock, with activities that a test gives."""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from orchestrators.golden_image import golden_image
from orchestrators.image_batch import image_batch
from orchestrators.machine_lease import machine_lease
from orchestrators.request_register import request_register
from workbench.timed_engine import TimedBackend, VirtualClock

type Activity = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]


@dataclass
class RunningEngine:
    """An engine with our orchestrators on it."""

    address: str
    clock: VirtualClock
    client: TaskHubGrpcClient
    backend: TimedBackend

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
def engine(activities: dict[str, Activity], clock: VirtualClock | None = None) -> Generator[RunningEngine]:
    """Start the engine and a worker; asynchronous activities run on one loop, as in the app."""
    clock = clock or VirtualClock()
    backend = TimedBackend(clock)
    address = backend.start()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    worker = TaskHubGrpcWorker(host_address=address)
    for orchestrator in (golden_image, image_batch):
        worker.add_orchestrator(orchestrator)
    for entity in (machine_lease, request_register):
        worker.add_entity(entity)
    for name, body in activities.items():
        worker.add_activity(_as_activity(name, body, loop))
    worker.start()
    client = TaskHubGrpcClient(host_address=address)
    try:
        yield RunningEngine(address, clock, client, backend)
    finally:
        client.close()
        worker.stop()
        backend.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def _as_activity(name: str, body: Activity, loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    def activity(_context: Any, request: dict[str, Any]) -> dict[str, Any]:
        given = body(request)
        if inspect.isawaitable(given):
            return asyncio.run_coroutine_threadsafe(_awaited(given), loop).result()
        return given

    activity.__name__ = name
    return activity


async def _awaited(given: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await given
