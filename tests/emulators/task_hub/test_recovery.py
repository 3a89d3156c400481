"""Hubs killed with SIGKILL at several instants: what was acknowledged continues on the next one."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.entities import EntityInstanceId

from tests.emulators.task_hub.hub_process import HubProcess, start_hub
from tests.emulators.task_hub.rig import Orchestration, Program, bare, finish, schedule, start_worker, stop_workers
from tests.layers.fault import ROOT

KEY, OTHER = EntityInstanceId("ledger", "a"), EntityInstanceId("ledger", "b")


def ledger(context: Any, entry: Any) -> Any:
    entries = context.get_state(list, [])
    if context.operation == "add":
        context.set_state([*entries, entry])
    return len(entries)


def orchestration(context: Any, effects: str) -> Orchestration:
    """A timer, an event, a child with an activity, and an entity under a lock."""
    yield context.create_timer(timedelta(milliseconds=300))
    event = yield context.wait_for_external_event("go")
    child = yield context.call_sub_orchestrator(act, input=effects)
    with (yield context.lock_entities([KEY])):
        yield context.call_entity(KEY, "add", input=context.instance_id)
    return [event, child]


def act(context: Any, effects: str) -> Orchestration:
    return (yield context.call_activity(effect, input=[effects, context.instance_id]))


def effect(_context: Any, given: list[str]) -> str:
    with Path(given[0]).open("a") as file:
        file.write(given[1] + "\n")
    return "done"


PROGRAM = Program([orchestration, act], [effect], [ledger])
# What a killed hub's workers had becomes visible after a minute of its time.
SPEED = 120
OPTIONS = ("--no-races", "--host-json", str(ROOT / "host.json"), "--speed", str(SPEED))


class Life:
    """One hub after the other on the same file and port, each with a worker if the test wants one.

    Time continues from one to the next.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.hub: HubProcess | None = None
        self.workers: list[Any] = []
        self.epoch, self.since = datetime.now(UTC), time.monotonic()

    def begin(self, *, work: bool = True) -> TaskHubGrpcClient:
        now = self.epoch + timedelta(seconds=(time.monotonic() - self.since) * SPEED)
        self.hub = start_hub(self.file, *OPTIONS, "--now", now.isoformat())
        if work:
            self.workers.append(start_worker(self.hub.address, PROGRAM))
        return self.hub.client()

    def kill(self) -> None:
        assert self.hub is not None
        self.hub.kill()
        stop_workers(self.workers)
        self.workers.clear()


@pytest.fixture
def life(tmp_path: Path) -> Any:
    life = Life(tmp_path / "hub.db")
    yield life
    if life.hub is not None and life.hub.process.poll() is None:
        life.kill()


def test_everything_acknowledged_continues_after_each_kill(life: Life, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    ids = [f"run-{number}" for number in range(6)]
    with life.begin(work=False) as client:
        for run in ids:
            client.schedule_new_orchestration(orchestration, input=str(effects), instance_id=run)
        queue_and_pause(client)
    life.kill()  # before any worker saw them
    with closing(sqlite3.connect(life.file)) as db:
        assert db.execute("SELECT count(*) FROM timers").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM operations").fetchone() == (1,)
        assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
    with life.begin() as client:
        for run in ids:
            assert client.wait_for_orchestration_start(run, timeout=10)
    life.kill()  # while timers run
    with life.begin() as client:
        for run in ids:
            client.raise_orchestration_event(run, "go", data=run)
    life.kill()  # an acknowledged event is not lost, wherever its orchestration was
    with life.begin() as client:
        time.sleep(0.15)
    life.kill()  # in the middle of children, activities, locks
    with life.begin() as client:
        for run in ids:
            state = client.wait_for_orchestration_completion(run, timeout=20)
            assert state is not None
            assert state.serialized_output == f'["{run}", "done"]'
        entity = client.get_entity(KEY)
        assert entity is not None
        assert sorted(json.loads(entity.get_state())) == ids
        assert entity.get_locked_by() is None
        queues_and_pauses_are_as_they_were(client)
    assert len(set(effects.read_text().splitlines())) == len(ids)


def queue_and_pause(client: TaskHubGrpcClient) -> None:
    later = datetime.now(UTC) + timedelta(hours=12)
    client.schedule_new_orchestration("later", instance_id="later", start_at=later)
    client.schedule_new_orchestration(orchestration, input="unused", instance_id="paused")
    client.suspend_orchestration("paused")
    client.signal_entity(OTHER, "add", input=1)
    client.signal_entity(OTHER, "add", input=2, signal_time=later)


def queues_and_pauses_are_as_they_were(client: TaskHubGrpcClient) -> None:
    until = time.monotonic() + 10
    while (entity := client.get_entity(OTHER)) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert entity is not None
    assert entity.get_typed_state(list) == [1]
    for instance, status in (("later", OrchestrationStatus.PENDING), ("paused", OrchestrationStatus.SUSPENDED)):
        state = client.get_orchestration_state(instance)
        assert state is not None
        assert state.runtime_status == status


def test_an_acknowledged_activity_is_not_run_again(life: Life) -> None:
    with life.begin(work=False) as client:
        client.schedule_new_orchestration("tale", instance_id="a")
        with bare(life.hub.address) as worker:  # type: ignore[union-attr] # pyright: ignore
            worker.complete(worker.take(), schedule(1), schedule(2))
            first = worker.take()
            worker.complete_activity(first, '"kept"')
    life.kill()
    with life.begin(work=False) as client, bare(life.hub.address) as worker:  # type: ignore[union-attr] # pyright: ignore
        given = [worker.take(), worker.take()]
        turn = next(item for item in given if item.HasField("orchestratorRequest"))
        activity = next(item for item in given if item.HasField("activityRequest"))
        assert activity.activityRequest.taskId != first.activityRequest.taskId
        results = [
            event.taskCompleted for event in turn.orchestratorRequest.newEvents if event.HasField("taskCompleted")
        ]
        assert [(one.taskScheduledId, one.result.value) for one in results] == [
            (first.activityRequest.taskId, '"kept"')
        ]
        worker.complete(turn, finish())
        state = client.wait_for_orchestration_completion("a", timeout=10)
        assert state is not None
        assert state.runtime_status == OrchestrationStatus.COMPLETED
