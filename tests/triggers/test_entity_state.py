"""Waiting for an entity: the pauses grow, and the timeout has a message that says what to do."""

import asyncio
from typing import Any, cast
from unittest.mock import patch

import azure.durable_functions as df
import pytest
from durabletask.entities import EntityInstanceId

from contracts.polling import LONGEST_SILENCE_SECONDS
from triggers import entity_state
from triggers.entity_state import EngineNotAnswering, until_state

ENTITY = EntityInstanceId("idempotency_record", "r1")
CLIENT = cast("df.DurableFunctionsClient", None)


async def test_pauses_grow_to_two_seconds_and_the_timeout_covers_a_stopped_host() -> None:
    pauses: list[float] = []
    loop = asyncio.get_running_loop()
    now = loop.time()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def nothing(*_: Any) -> None:
        return None

    with (
        patch.object(entity_state, "read_state", nothing),
        patch.object(entity_state.asyncio, "sleep", pause),
        patch.object(loop, "time", lambda: now + sum(pauses)),
        pytest.raises(EngineNotAnswering, match="idempotency_record r1 within 90 s"),
    ):
        await until_state(CLIENT, ENTITY, lambda state: state)
    assert pauses[0] == pytest.approx(0.05)
    assert pauses == sorted(pauses)
    assert max(pauses) == pytest.approx(2.0)
    assert sum(pauses) >= LONGEST_SILENCE_SECONDS
    assert len(pauses) < 60, "each poll is a request to storage: 20 a second would be 1,800"
