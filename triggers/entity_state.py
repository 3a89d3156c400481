"""Reads the state of an entity, and waits until a signal has changed it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.polling import (
    ENTITY_FIRST_PAUSE_SECONDS,
    ENTITY_LONGEST_PAUSE_SECONDS,
    ENTITY_PAUSE_GROWTH,
    LONGEST_SILENCE_SECONDS,
)


class EngineNotAnswering(RuntimeError):
    """The entity did not process a signal in time; the caller should send the same request or message again."""


async def read_state(client: df.DurableFunctionsClient, entity: EntityInstanceId) -> dict[str, Any] | None:
    """Return an entity's state, or None."""
    found = await client.get_entity(entity)
    text = found.get_state() if found is not None else None
    return cast("dict[str, Any]", json.loads(text)) if text else None


async def until_state[T](
    client: df.DurableFunctionsClient, entity: EntityInstanceId, read: Callable[[dict[str, Any] | None], T | None]
) -> T:
    """Read an entity's state until `read` returns a value; EngineNotAnswering after 90 seconds.

    The pauses grow from 50 ms to 2 s: another instance sees a signal only at its next poll of the task hub's queues,
    and each read is a request to storage. The timeout covers a host that has just been stopped.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + LONGEST_SILENCE_SECONDS, ENTITY_FIRST_PAUSE_SECONDS
    while loop.time() < deadline:
        found = read(await read_state(client, entity))
        if found is not None:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * ENTITY_PAUSE_GROWTH, ENTITY_LONGEST_PAUSE_SECONDS)
    raise EngineNotAnswering(
        f"no instance of the app processed the signal to {entity.entity} {entity.key} "
        f"within {LONGEST_SILENCE_SECONDS} s; it may still be processed"
    )
