"""Timers in their table: those of orchestrations, scheduled starts and scheduled signals, in the order of time."""

import sqlite3
from collections.abc import Callable

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import entities
from emulators.task_hub import history_events as events
from emulators.task_hub.history_events import Kind
from emulators.task_hub.instances import Instance, deliver, load, set_for, wake
from emulators.task_hub.transaction import Tx

_MOST_AT_ONCE = 500

type NextPoll = Callable[[int | str, int], int]


def create(tx: Tx, instance: Instance, task: int, fire_at: int) -> None:
    """Set a timer of an orchestration (microseconds since 1970)."""
    tx.db.execute(
        "INSERT INTO timers(fire_at, n, execution, task, asked) VALUES(?,?,?,?,?)",
        (set_for(tx, fire_at, instance.n), instance.n, instance.execution, task, fire_at),
    )


def next_due(db: sqlite3.Connection) -> int | None:
    """Return the time of the soonest timer."""
    return db.execute("SELECT min(fire_at) FROM timers").fetchone()[0]


def all_due(db: sqlite3.Connection) -> list[int]:
    """Return the times of all timers, soonest first."""
    return [row[0] for row in db.execute("SELECT fire_at FROM timers ORDER BY fire_at, seq")]


def fire(tx: Tx, moment: int, next_poll: NextPoll | None) -> None:
    """Fire timers that are due at the moment, a limited number of them.

    `next_poll`: when the queue of an instance or entity is polled next; a timer does not fire before.
    """
    due = tx.db.execute(
        "SELECT seq, fire_at, n, execution, task, entity, event, asked, seen FROM timers WHERE fire_at<=?"
        " ORDER BY fire_at, seq LIMIT ?",
        (moment, _MOST_AT_ONCE),
    ).fetchall()
    for seq, fire_at, n, execution, task, entity, event, asked, seen in due:
        look = next_poll(entity if entity is not None else n, fire_at) if next_poll and not seen else fire_at
        if look > moment:
            tx.db.execute("UPDATE timers SET fire_at=?, seen=1 WHERE seq=?", (look, seq))
            continue
        tx.db.execute("DELETE FROM timers WHERE seq=?", (seq,))
        if entity is not None:
            entities.queue_signal(tx, entity, event)
        elif task is None:
            _begin(tx, n)
        else:
            _fire_one(tx, n, execution, task, fire_at if asked is None else asked)


def _begin(tx: Tx, n: int) -> None:
    instance = load(tx, n)
    if instance is not None and not instance.terminal:
        tx.db.execute("UPDATE instances SET due_at=NULL WHERE n=?", (n,))
        wake(tx, instance)


def _fire_one(tx: Tx, n: int, execution: int, task: int, fire_at: int) -> None:
    instance = load(tx, n)
    if instance is None or instance.terminal or instance.execution != execution:
        return
    fired = pb.TimerFiredEvent(fireAt=events.stamp(fire_at), timerId=task)
    deliver(tx, instance, Kind.RESULT, events.happened(tx.now, timerFired=fired))
