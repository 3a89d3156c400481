"""What a check receives: a running app on one of the engines, its durable client, and its HTTP API."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import grpc
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId

ENDED = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})
_LOOK_SECONDS = 0.05


class NotAsExpected(AssertionError):
    """A check saw something different from what the real engine does."""


def expect(holds: bool, seen: object) -> None:
    """Raise `NotAsExpected` with what was seen unless it holds."""
    if not holds:
        raise NotAsExpected(str(seen))


@dataclass
class Stack:
    """A host with the conformance app, and its engine.

    Args:
        client: the durable client, with gRPC's own limit of 4 MiB.
        http: a session for the host's HTTP API at `webhooks`.
        quiet: waits until the engine has had time for everything that is pending.
        time_stands: inside it no timer fires, on an engine whose clock may jump.
        lose_worker: ends the worker's process in the next call of the function of this name.
        polling: the engine's longest polling interval of its queues, in seconds.
        patience: real seconds until an awaited event must be seen.
    """

    client: AsyncTaskHubGrpcClient
    http: aiohttp.ClientSession
    webhooks: str
    quiet: Callable[[], Awaitable[None]]
    time_stands: Callable[[], AbstractContextManager[None]]
    lose_worker: Callable[[str], None]
    polling: float
    patience: float = 90.0
    _numbers: "count[int]" = field(default_factory=count)

    def name(self, prefix: str) -> str:
        """An id that no other check has."""
        return f"{prefix}-{next(self._numbers)}"

    async def start(self, orchestrator: str, given: object = None, **more: Any) -> str:
        """Start an orchestration; return its id."""
        instance = more.pop("instance_id", None) or self.name(orchestrator.replace("_", "-"))
        return await self.client.schedule_new_orchestration(orchestrator, input=given, instance_id=instance, **more)

    async def state(self, instance: str) -> OrchestrationState | None:
        """The instance now, with its payloads; None for an unknown one."""
        return await self.client.get_orchestration_state(instance)

    async def until(self, instance: str, holds: Callable[[OrchestrationState], bool]) -> OrchestrationState:
        """Wait until the condition is met, and return the instance."""
        deadline, seen = time.monotonic() + self.patience, None
        while time.monotonic() < deadline:
            seen = await self.state(instance)
            if seen is not None and holds(seen):
                return seen
            await asyncio.sleep(_LOOK_SECONDS)
        raise NotAsExpected(f"{instance} after {self.patience:g} s: {_short(seen)}")

    async def waiting(self, instance: str) -> OrchestrationState:
        """Wait until the custom status says that the instance waits, and return it."""
        return await self.until(instance, lambda state: state.get_custom_status() == "waiting")

    async def end(self, instance: str) -> OrchestrationState:
        """Wait for the end of the instance, and return it."""
        return await self.until(instance, lambda state: state.runtime_status in ENDED)

    async def run(self, orchestrator: str, given: object = None, **more: Any) -> Any:
        """Start an orchestration and return its output; it must complete."""
        state = await self.end(await self.start(orchestrator, given, **more))
        expect(state.runtime_status is OrchestrationStatus.COMPLETED, _short(state))
        return state.get_output()

    async def failure(self, orchestrator: str, given: object = None) -> str:
        """Start an orchestration that must fail; return the reason."""
        state = await self.end(await self.start(orchestrator, given))
        expect(state.runtime_status is OrchestrationStatus.FAILED, _short(state))
        details = state.failure_details
        return f"{details.error_type}: {details.message}" if details is not None else state.serialized_output or ""

    async def total(self, key: str) -> object:
        """The state of the entity `Account` with this key; None without one."""
        found = await self.client.get_entity(EntityInstanceId("Account", key))
        return found.get_state() if found is not None else None

    async def totals(self, key: str, wanted: object) -> None:
        """Wait until the entity's state is as expected."""
        deadline, seen = time.monotonic() + self.patience, None
        while time.monotonic() < deadline:
            seen = await self.total(key)
            if seen == wanted or str(seen) == str(wanted):
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise NotAsExpected(f"the entity {key} holds {seen}, not {wanted}")

    async def call_api(self, method: str, path: str, **more: Any) -> int:
        """The status of one request to the durable HTTP API."""
        async with self.http.request(method, f"{self.webhooks}/{path}", **more) as answer:
            await answer.read()
            return answer.status


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode | None, str]:
    """The gRPC status and message with which a call is refused; None if it is accepted."""
    try:
        await call
    except grpc.RpcError as error:
        return error.code(), str(error.details())  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportAttributeAccessIssue, reportUnknownArgumentType]
    return None, ""


def _short(state: OrchestrationState | None) -> str:
    if state is None:
        return "no such instance"
    output, failure = state.serialized_output or "", state.failure_details
    about = f"{failure.error_type}: {failure.message}" if failure else output
    return f"{state.runtime_status.name} {about[:300]}"
