"""Long orchestrations process many results in one turn; short ones, and those with no more results, run at once."""

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from durabletask import task

from emulators.task_hub.gathering import Gathering
from emulators.task_hub.schema import open_writer
from emulators.task_hub.transaction import ReadyOrchestration
from tests.emulators.task_hub.rig import Orchestration, Program, running


@pytest.fixture
def db(tmp_path: Path) -> Generator[sqlite3.Connection]:
    db = open_writer(tmp_path / "hub.db")
    db.execute("INSERT INTO activities(n, execution, task, name, request) VALUES(1, 1, 1, 'step', x'')")
    yield db
    db.close()


async def test_only_a_long_one_that_waits_for_more_is_held_and_for_a_while_only(db: sqlite3.Connection) -> None:
    released: list[int] = []
    gathering = Gathering(db, lambda ready: released.append(ready.n), nullcontext())
    assert not gathering.add(ReadyOrchestration(1, "short", None, 10))
    assert not gathering.add(ReadyOrchestration(2, "nothing outstanding", None, 500))
    assert gathering.add(ReadyOrchestration(1, "long", None, 500))
    assert (len(gathering), released) == (1, [])
    async with asyncio.timeout(2):
        while not released:
            gathering.add(ReadyOrchestration(1, "long", None, 500))  # more and more results arrive, but the wait ends
            await asyncio.sleep(0.001)
    assert released == [1]
    gathering.clear()


async def test_all_are_released_when_there_is_nothing_else_to_do(db: sqlite3.Connection) -> None:
    released: list[int] = []
    gathering = Gathering(db, lambda ready: released.append(ready.n), nullcontext())
    gathering.add(ReadyOrchestration(1, "long", None, 30_000))
    gathering.flush()
    assert (released, len(gathering)) == ([1], 0)


def test_a_parent_of_many_children_has_few_turns() -> None:
    def child(_context: Any, value: int) -> int:
        return value

    def parent(context: Any, count: int) -> Orchestration:
        return len((yield task.when_all([context.call_sub_orchestrator("child", input=n) for n in range(count)])))

    with running(Program([child, parent])) as rig:
        instance = rig.start("parent", 150)
        assert rig.end_of(instance).serialized_output == "150"
        names = [type(event).__name__ for event in rig.client.get_orchestration_history(instance)]
        assert names.count("OrchestratorStartedEvent") < 75
