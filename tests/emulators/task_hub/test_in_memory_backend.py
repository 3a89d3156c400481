"""The in-memory engine on a given clock."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.worker import TaskHubGrpcWorker

from emulators.task_hub import ScaledClock, VirtualClock
from tests.emulators.task_hub.in_memory_backend import TimedBackend
from tests.support.engine import QUIET

START = datetime(2026, 1, 1, tzinfo=UTC)


def sleeper(ctx: task.OrchestrationContext, hours: int) -> Generator[task.Task[Any], Any, list[str]]:
    began = ctx.current_utc_datetime
    yield ctx.create_timer(timedelta(hours=hours))
    return [began.isoformat(), ctx.current_utc_datetime.isoformat()]


def reminder(ctx: EntityContext, _: Any) -> Any:
    if ctx.operation == "later":
        ctx.signal_entity(ctx.entity_id, "now", signal_time=START + timedelta(days=3))
    else:
        ctx.set_state("reminded")


class Engine:
    """An engine with the orchestrations of this file."""

    def __init__(self, clock: VirtualClock | ScaledClock) -> None:
        self.backend = TimedBackend(clock)
        address = self.backend.start()
        self.worker = TaskHubGrpcWorker(host_address=address, logger=QUIET)
        self.worker.add_orchestrator(sleeper)
        self.worker.add_entity(reminder)
        self.worker.start()
        self.client = TaskHubGrpcClient(host_address=address, logger=QUIET)

    def run(self, hours: int, instance_id: str) -> tuple[datetime, datetime]:
        self.client.schedule_new_orchestration(sleeper, input=hours, instance_id=instance_id)
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=30)
        assert state is not None
        first, last = state.get_output(list[str]) or []
        return datetime.fromisoformat(first), datetime.fromisoformat(last)

    def stop(self) -> None:
        self.client.close()
        self.worker.stop()
        self.backend.stop()


@pytest.fixture
def virtual() -> Generator[tuple[Engine, VirtualClock, list[datetime]]]:
    jumps: list[datetime] = []
    clock = VirtualClock(START, on_jump=jumps.append)
    engine = Engine(clock)
    yield engine, clock, jumps
    engine.stop()


def test_a_day_passes_at_once_and_exactly(virtual: tuple[Engine, VirtualClock, list[datetime]]) -> None:
    engine, clock, jumps = virtual
    began, ended = engine.run(24, "one")
    assert ended - began == timedelta(hours=24)
    assert clock.now() == START + timedelta(hours=24)
    assert jumps == [START + timedelta(hours=24)]


def test_timers_fire_in_the_order_of_their_times(virtual: tuple[Engine, VirtualClock, list[datetime]]) -> None:
    engine, clock, jumps = virtual
    clock.allow(START)
    for hours in (5, 1, 3):
        engine.client.schedule_new_orchestration(sleeper, input=hours, instance_id=f"h{hours}")
    while len(engine.backend.pending_timers()) < 3:
        pass
    clock.allow(None)
    for hours in (5, 1, 3):
        engine.client.wait_for_orchestration_completion(f"h{hours}", timeout=30)
    assert jumps == [START + timedelta(hours=hours) for hours in (1, 3, 5)]


def test_the_clock_stops_at_its_limit(virtual: tuple[Engine, VirtualClock, list[datetime]]) -> None:
    engine, clock, _ = virtual
    clock.allow(START + timedelta(hours=1))
    engine.run(1, "within")
    engine.client.schedule_new_orchestration(sleeper, input=2, instance_id="beyond")
    with pytest.raises(TimeoutError):
        engine.client.wait_for_orchestration_completion("beyond", timeout=1)
    clock.allow(None)
    assert engine.client.wait_for_orchestration_completion("beyond", timeout=30) is not None


def test_a_delayed_signal_waits_on_the_same_clock(virtual: tuple[Engine, VirtualClock, list[datetime]]) -> None:
    engine, clock, _ = virtual
    entity = EntityInstanceId("reminder", "x")
    engine.client.signal_entity(entity, "later")
    while (found := engine.client.get_entity(entity)) is None or found.get_state() != '"reminded"':
        pass
    assert clock.now() == START + timedelta(days=3)


def test_a_scaled_clock_makes_an_hour_short() -> None:
    engine = Engine(ScaledClock(START, speed=36_000))
    try:
        began, ended = engine.run(1, "fast")
    finally:
        engine.stop()
    assert timedelta(hours=1) <= ended - began
