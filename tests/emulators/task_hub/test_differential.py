"""The same random programs on the hub and on durabletask's in-memory backend end the same."""

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from durabletask.client import OrchestrationState
from durabletask.entities import EntityInstanceId

from tests.emulators.task_hub.random_programs import KEYS, PROGRAM, programs
from tests.emulators.task_hub.rig import Rig, oracle, running

PROGRAMS = 16
_SETTLED_LOOKS = 5


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Rig, Rig]]:
    file: Path = tmp_path_factory.mktemp("hub") / "hub.db"
    with oracle(PROGRAM) as memory, running(PROGRAM, file) as hub:
        yield memory, hub


def test_a_program_ends_the_same_on_both(engines: tuple[Rig, Rig]) -> None:
    for number, program in enumerate(programs(seed=7, count=PROGRAMS)):
        run = f"run-{number}"
        for rig in engines:
            rig.start("interpret", {"run": run, "steps": program, "results": []}, instance_id=run)
        memory, hub = (outcome(rig, run) for rig in engines)
        assert hub == memory, program


def outcome(rig: Rig, run: str) -> dict[str, Any]:
    """What a user sees of a run: its end, and the state of its entities after all signals."""
    state = rig.end_of(run)
    quiet, until = 0, time.monotonic() + 10
    while quiet < _SETTLED_LOOKS and time.monotonic() < until:
        quiet = quiet + 1 if rig.engine.is_idle() else 0
        time.sleep(0.001)
    entities = {}
    for key in KEYS:
        entity = rig.client.get_entity(EntityInstanceId("counter", f"{run}-{key}"))
        entities[key] = entity.get_typed_state(int) if entity else None
    return {
        "status": state.runtime_status.name,
        "output": _said(state),
        "custom status": None if state.serialized_custom_status == "null" else state.serialized_custom_status,
        "entities": entities,
    }


def _said(state: OrchestrationState) -> str | None:
    """The output; for a failure its message, which is the output on the hub, with the type before it."""
    if state.failure_details is not None:
        return state.failure_details.message
    output = state.serialized_output
    return output.partition(": ")[2] if state.runtime_status.name == "FAILED" and output else output
