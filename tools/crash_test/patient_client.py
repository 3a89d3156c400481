"""A client that repeats each call until the hub has acknowledged it: from then on nothing may be lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId

from tools.crash_test.worker_process import QUICK_CHANNEL

_AGAIN_SECONDS = 0.05
_POLL_SECONDS = 5.0
# Status of a call whose hub was killed before or during it: whether it took effect is unknown.
_UNKNOWN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNKNOWN,
    }
)


class PatientClient:
    """Calls return when they are acknowledged; those that change something return the number of attempts."""

    def __init__(self, address: str) -> None:
        """Connect at the first call."""
        logger = logging.getLogger("tools.crash_test.client")
        logger.setLevel(logging.CRITICAL)
        self._client = AsyncTaskHubGrpcClient(host_address=address, logger=logger, channel_options=QUICK_CHANNEL)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    async def start(self, name: str, given: Any, instance: str) -> None:
        """Start an orchestration."""
        try:
            await _acknowledged(
                lambda: self._client.schedule_new_orchestration(name, input=given, instance_id=instance)
            )
        except grpc.aio.AioRpcError as error:
            # An earlier attempt took effect, and its answer was lost.
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise

    async def raise_event(self, instance: str, name: str, data: Any) -> int:
        """Raise an event."""
        _, attempts = await _acknowledged(lambda: self._client.raise_orchestration_event(instance, name, data=data))
        return attempts

    async def signal(self, entity: EntityInstanceId, operation: str, given: Any) -> int:
        """Signal an entity."""
        _, attempts = await _acknowledged(lambda: self._client.signal_entity(entity, operation, given))
        return attempts

    async def begun(self, instance: str) -> None:
        """Wait until an instance has had its first turn."""
        while True:
            state = await self.state(instance)
            if state is not None and state.runtime_status is not OrchestrationStatus.PENDING:
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def ended(self, instance: str) -> None:
        """Wait until an instance has ended."""
        while True:
            try:
                state, _ = await _acknowledged(
                    lambda: self._client.wait_for_orchestration_completion(
                        instance, fetch_payloads=False, timeout=_POLL_SECONDS
                    )
                )
            except TimeoutError:
                continue
            if state is not None:
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def all_states(self) -> list[OrchestrationState]:
        """Return every instance that the hub knows, without payloads."""
        states, _ = await _acknowledged(self._client.get_all_orchestration_states)
        return states

    async def state(self, instance: str) -> OrchestrationState | None:
        """Return an instance with its output; None if the hub does not know it."""
        state, _ = await _acknowledged(lambda: self._client.get_orchestration_state(instance))
        return state

    async def held_by(self, entity: EntityInstanceId) -> Any:
        """Return an entity's stored state; None if there is none."""
        found, _ = await _acknowledged(lambda: self._client.get_entity(entity))
        return found.get_state() if found is not None else None


async def _acknowledged[T](call: Callable[[], Awaitable[T]]) -> tuple[T, int]:
    attempts = 0
    while True:
        attempts += 1
        try:
            return await call(), attempts
        except grpc.aio.AioRpcError as error:
            if error.code() not in _UNKNOWN:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)
