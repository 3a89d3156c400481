"""The product on a plain durabletask worker: its own stories, entities and activities, without a host."""

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
from contracts import machine_steps, steps
from contracts.answer import Answer
from contracts.steps import Step
from orchestrators.registration import ENTITIES, STORIES

type Body = Callable[[Any], Awaitable[Answer]]


def register(worker: TaskHubGrpcWorker, address: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Put the product on a worker; its activities run on one event loop, as in the app: a new one unless given."""
    if loop is None:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
    for story in STORIES:
        worker.add_orchestrator(story)
    for entity in ENTITIES:
        worker.add_entity(entity)
    for step, body in bodies(lambda: address, _Nowhere()):
        worker.add_activity(_activity(step, body, loop))


def bodies(address: Callable[[], str], results: func.Out[bytes]) -> list[tuple[Step[Any, Any], Body]]:
    """Give every step with the app's own body, with the bindings that the host would hand it."""

    def with_client(body: registration.ClientBody[Any, Any]) -> Body:
        async def asked(request: Any) -> Any:
            client = AsyncTaskHubGrpcClient(host_address=address())
            try:
                return await body(request, cast("df.DurableFunctionsClient", client))
            finally:
                await client.close()

        return asked

    async def result(asked: machine_steps.SendResult) -> machine_steps.Sent:
        return await send_result(asked, results)

    return [
        *registration.PLAIN,
        *((step, with_client(body)) for step, body in registration.WITH_CLIENT),
        (steps.SEND_RESULT, result),
    ]


def _activity(step: Step[Any, Any], body: Body, loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    def activity(_context: Any, request: dict[str, Any]) -> dict[str, object]:
        return asyncio.run_coroutine_threadsafe(registration.answer(step, body, request), loop).result()

    activity.__name__ = step.name
    return activity


class _Nowhere(func.Out[bytes]):
    """The output binding of the result queue, without a queue: the result stands in the run's output too."""

    def set(self, val: bytes) -> None:
        """Take the message."""

    def get(self) -> bytes:
        """Give nothing."""
        return b""
