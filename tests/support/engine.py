"""Runs the app's orchestrators on the emulated task hub under a virtual clock, with a test's own activities."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from durabletask.worker import TaskHubGrpcWorker

from emulators.task_hub import BackendOptions, HubThread, VirtualClock
from orchestrators.registration import ENTITIES, ORCHESTRATIONS
from tools.rig.engine import AS_SHIPPED, QUIET, RunningEngine, running_engine

__all__ = ["AS_SHIPPED", "QUIET", "ActivityBody", "RunningEngine", "engine"]

type ActivityBody = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]


@contextmanager
def engine(
    activities: Mapping[str, ActivityBody],
    clock: VirtualClock | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    *,
    restart_finished: bool = False,
    options: BackendOptions = AS_SHIPPED,
    replay: bool = False,
    hub: Callable[..., HubThread] = HubThread,
    orchestrations: tuple[Callable[..., Any], ...] = ORCHESTRATIONS,
) -> Generator[RunningEngine]:
    """Start the engine and a worker; asynchronous activities run on the given loop, as on the app's one loop."""

    def register(worker: TaskHubGrpcWorker, _address: str) -> None:
        for orchestrator in orchestrations:
            worker.add_orchestrator(orchestrator)
        for entity in ENTITIES:
            worker.add_entity(entity)
        for name, body in activities.items():
            worker.add_activity(_as_activity(name, body, loop))

    existing = "restart" if restart_finished else "reject"
    clock = clock or VirtualClock()
    with running_engine(clock, register, options=options, existing=existing, replay=replay, hub=hub) as running:
        yield running


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
