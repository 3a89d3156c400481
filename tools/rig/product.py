"""The app on a plain durabletask worker: its orchestrations, entities and activities, without a host."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import AsyncTaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from activities import registration
from activities.send_result import send_result
from contracts import catalog
from contracts.activities import vm as vm_activities
from contracts.answer import Answer
from contracts.catalog import Activity
from orchestrators.registration import ENTITIES, ORCHESTRATIONS

type Body = Callable[[Any], Awaitable[Answer]]


def register(worker: TaskHubGrpcWorker, address: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Register the app with a worker; its activities run on one event loop, as on a host: a new one unless given."""
    if loop is None:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
    for orchestration in ORCHESTRATIONS:
        worker.add_orchestrator(orchestration)
    for entity in ENTITIES:
        worker.add_entity(entity)
    for entry, body in bodies(lambda: address, _Nowhere()):
        worker.add_activity(_activity(entry, body, loop))


def bodies(address: Callable[[], str], results: func.Out[bytes]) -> list[tuple[Activity[Any, Any], Body]]:
    """Return every function of the app, with the bindings that the host would pass."""

    def with_client(body: registration.ClientBody[Any, Any]) -> Body:
        async def asked(request: Any) -> Any:
            client = AsyncTaskHubGrpcClient(host_address=address())
            try:
                return await body(request, cast("df.DurableFunctionsClient", client))
            finally:
                await client.close()

        return asked

    async def result(asked: vm_activities.SendResult) -> vm_activities.Sent:
        return await send_result(asked, results)

    return [
        *registration.PLAIN,
        *((entry, with_client(body)) for entry, body in registration.WITH_CLIENT),
        (catalog.SEND_RESULT, result),
    ]


def _activity(entry: Activity[Any, Any], body: Body, loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    def activity(_context: Any, request: dict[str, Any]) -> dict[str, object]:
        return asyncio.run_coroutine_threadsafe(registration.answer(entry, body, request), loop).result()

    activity.__name__ = entry.name
    return activity


class _Nowhere(func.Out[bytes]):
    """The output binding of the result queue, without a queue: the result is in the run's output too."""

    def set(self, val: bytes) -> None:
        """Ignore the message."""

    def get(self) -> bytes:
        """Return an empty value."""
        return b""
