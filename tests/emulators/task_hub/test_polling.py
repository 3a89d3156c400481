"""Polling: what another process sent waits for the next poll; timers are early by less than a second, or late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask.entities import EntityInstanceId

from emulators.task_hub.polling import Polling
from tests.emulators.task_hub.rig import CALM, Orchestration, Program, Rig, running

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
LATE = replace(CALM, late_timers=True)
EARLY = replace(CALM, early_timers=True)
REMOTE = replace(CALM, remote_clients=True)


def asleep(context: Any, seconds: float) -> Orchestration:
    yield context.create_timer(timedelta(seconds=seconds))


def echo(_context: Any, value: Any) -> Any:
    return value


def waiter(context: Any, _: Any) -> Orchestration:
    return (yield context.wait_for_external_event("go"))


def kept(context: Any, given: Any) -> Any:
    context.set_state([*context.get_state(list, []), given])


PROGRAM = Program([asleep, echo, waiter], [], [kept])


def elapsed(rig: Rig) -> float:
    return (rig.clock.now() - START).total_seconds()


def test_the_pause_doubles_up_to_the_longest() -> None:
    polling = Polling(2 * SECOND)
    polling.touch(1, 0)
    looks = [polling.next_poll(1, moment) for moment in (0, 1, 50_001, 150_001, 1_550_001, 3_150_001, 9_000_000)]
    assert looks == [50_000, 50_000, 150_000, 350_000, 3_150_000, 5_150_000, 9_150_000]
    polling.touch(1, 4 * SECOND)
    assert polling.next_poll(1, 4 * SECOND + 1) == 4 * SECOND + 50_000


def test_each_queue_has_its_own_polling_interval() -> None:
    polling = Polling(30 * SECOND)
    polling.touch(4, 100 * SECOND)
    assert polling.next_poll(8, 100 * SECOND + 1) == 100 * SECOND + 50_000
    assert polling.next_poll(5, 100 * SECOND + 1) - 100 * SECOND > SECOND


def test_a_timer_is_late_by_the_pause_and_never_by_more() -> None:
    for seconds, longest in ((100.0, 30), (100.0, 2), (5.0, 30)):
        with running(PROGRAM, options=replace(LATE, max_polling_interval=timedelta(seconds=longest))) as rig:
            rig.run(asleep, seconds)
            assert seconds < elapsed(rig) <= seconds + longest
    with running(PROGRAM) as rig:
        rig.run(asleep, 5.0)
        assert elapsed(rig) == 5.0


def test_a_timers_lateness_is_the_same_each_time() -> None:
    seen: set[float] = set()
    for _ in range(3):
        with running(PROGRAM, options=LATE) as rig:
            rig.run(asleep, 90.0)
            seen.add(elapsed(rig))
    assert len(seen) == 1


def test_a_timer_is_early_by_the_part_of_a_second() -> None:
    for asked, seen in ((0.9, 0.0), (1.9, 1.0), (3.0, 3.0)):
        with running(PROGRAM, options=EARLY) as rig:
            instance = rig.run(asleep, asked).instance_id
            assert elapsed(rig) == seen
            # The event has the requested time.
            history: list[Any] = rig.client.get_orchestration_history(instance)
            fired = [event.fire_at for event in history if type(event).__name__ == "TimerFiredEvent"]
            assert fired == [START + timedelta(seconds=asked)]


def test_what_a_remote_client_sends_is_seen_at_the_next_poll() -> None:
    for options, waits in ((CALM, False), (REMOTE, True)):
        with running(PROGRAM, options=options) as rig:
            rig.clock.allow(START)
            started = rig.start(echo, 1)
            rig.until(lambda rig=rig, waits=waits: bool(rig.hub.pending_timers()) is waits)
            rig.clock.allow(None)
            rig.end_of(started)
            assert (elapsed(rig) > 0) is waits


def test_an_event_of_a_remote_client_waits_up_to_the_longest_pause() -> None:
    with running(PROGRAM, options=REMOTE) as rig:
        waiting = rig.start(waiter)
        rig.client.wait_for_orchestration_start(waiting, timeout=10)
        rig.run(asleep, 600.0)
        sent = elapsed(rig)
        rig.client.raise_orchestration_event(waiting, "go", data=7)
        assert rig.end_of(waiting).serialized_output == "7"
        assert 0 < elapsed(rig) - sent <= 30
        rig.client.signal_entity(EntityInstanceId("kept", "k"), "add", input=1)
        rig.until(lambda: rig.client.get_entity(EntityInstanceId("kept", "k")) is not None)


def test_what_a_remote_client_sent_is_seen_at_once_by_the_next_hub(tmp_path: Any) -> None:
    with running(None, tmp_path / "hub.db", options=REMOTE) as rig:
        rig.clock.allow(START)
        started = rig.start(echo, 1)
    with running(PROGRAM, tmp_path / "hub.db", options=REMOTE) as rig:
        rig.clock.allow(START)
        assert rig.end_of(started).serialized_output == "1"
