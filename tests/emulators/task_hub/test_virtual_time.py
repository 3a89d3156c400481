"""Virtual time: hours pass in milliseconds, with events in the same order as in real time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask import task

from emulators.task_hub import ScaledClock, VirtualClock
from emulators.task_hub.time_keeper import TimeKeeper
from tests.emulators.task_hub.rig import Orchestration, Program, running

order: list[str] = []


def note(_context: Any, name: str) -> str:
    order.append(name)
    return name


def races(context: Any, scale: float) -> Orchestration:
    """Timers of hours (times the scale) crossed with activities; the order is that of time."""
    started = context.current_utc_datetime
    tasks = [context.call_sub_orchestrator(after, input=[hours * scale, name]) for hours, name in PLAN]
    yield task.when_all(tasks)
    return (context.current_utc_datetime - started).total_seconds()


def after(context: Any, given: list[Any]) -> Orchestration:
    yield context.create_timer(timedelta(hours=given[0]))
    yield context.call_activity(note, input=given[1])


def timeout(context: Any, _: Any) -> Orchestration:
    event = context.wait_for_external_event("approved")
    timer = context.create_timer(timedelta(hours=4))
    winner = yield task.when_any([event, timer])
    (timer if winner is event else event).cancel()
    return ["approved" if winner is event else "too late", context.current_utc_datetime.isoformat()]


PLAN = [(4.0, "four"), (1.0, "one"), (3.0, "three"), (2.0, "two"), (0.5, "half")]
PROGRAM = Program([races, after, timeout], [note])


def test_four_hours_pass_in_the_order_of_real_time() -> None:
    order.clear()
    with running(PROGRAM) as rig:
        began = time.monotonic()
        assert (rig.run(races, 1.0).serialized_output or "").startswith("14400")
        assert time.monotonic() - began < 3
    virtual, _ = list(order), order.clear()
    # The same hours on a real clock, 36,000 times as fast.
    with running(PROGRAM, clock=ScaledClock(datetime(2026, 1, 1, tzinfo=UTC), 36_000)) as rig:
        rig.run(races, 1.0)
    assert virtual == order == ["half", "one", "two", "three", "four"]


def test_a_timeout_of_hours_fires_at_its_very_moment() -> None:
    with running(PROGRAM) as rig:
        assert rig.run(timeout).serialized_output == '["too late", "2026-01-01T04:00:00"]'


def test_time_stands_still_up_to_its_limit_and_while_there_is_work() -> None:
    with running(PROGRAM) as rig:
        rig.clock.allow(datetime(2026, 1, 1, 3, tzinfo=UTC))
        instance = rig.start(timeout)
        rig.client.wait_for_orchestration_start(instance, timeout=10)
        assert rig.hub.pending_timers() == [datetime(2026, 1, 1, 4, tzinfo=UTC)]
        assert rig.clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
        rig.client.raise_orchestration_event(instance, "approved")
        assert rig.end_of(instance).serialized_output == '["approved", "2026-01-01T00:00:00"]'
        assert rig.hub.pending_timers() == []


def test_time_does_not_pass_while_work_waits_for_a_worker() -> None:
    with running() as rig:
        rig.start("orchestration")
        rig.start("later", start_at=datetime(2027, 1, 1, tzinfo=UTC))
        time.sleep(0.05)
        assert not rig.hub.is_idle()
        assert rig.clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_others_clocks_move_before_any_timer_fires() -> None:
    seen: list[tuple[datetime, int]] = []
    order.clear()
    clock = VirtualClock(on_jump=lambda moment: seen.append((moment, len(order))))
    with running(PROGRAM, clock=clock) as rig:
        rig.run(races, 1.0)
    assert [(moment.hour, moment.minute, count) for moment, count in seen] == [
        (0, 30, 0), (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 0, 4),
    ]  # fmt: skip


def test_timers_far_away_and_in_the_past() -> None:
    def far(context: Any, _: Any) -> Orchestration:
        yield context.create_timer(datetime(2020, 1, 1))  # noqa: DTZ001 - the SDK takes naive UTC
        yield context.create_timer(timedelta(days=30))
        return context.current_utc_datetime.isoformat()

    with running(Program([far])) as rig:
        assert rig.run("far").serialized_output == '"2026-01-31T00:00:00"'


def test_a_sooner_timer_is_never_jumped_over() -> None:
    """The hub becomes idle while an earlier timer is added: a clock about to jump to the later one must see it."""
    keepers: list[TimeKeeper] = []

    def idle() -> bool:
        keepers[0].note(5)
        return True

    async def fire(_due: int) -> int | None:
        return None

    keepers.append(TimeKeeper(VirtualClock(), idle, fire))
    keepers[0]._due = 10  # pyright: ignore[reportPrivateUsage]
    assert not keepers[0]._nothing_sooner()  # pyright: ignore[reportPrivateUsage]
