"""Queues all the work in a hub's file when the hub starts."""

import sqlite3

from emulators.task_hub.dispatch import Dispatcher
from emulators.task_hub.effects import entity_name
from emulators.task_hub.hidden import Item
from emulators.task_hub.lease import Lease
from emulators.task_hub.transaction import ReadyOrchestration, Tx
from emulators.task_hub.worker_stream import Work

_MARK = {
    Work.ORCHESTRATION: "UPDATE inbox SET given_until=? WHERE seq=?",
    Work.ACTIVITY: "UPDATE activities SET given_until=? WHERE seq=?",
    Work.ENTITY: "UPDATE operations SET given_until=? WHERE ord=?",
}


def queue_all(db: sqlite3.Connection, dispatcher: Dispatcher, now: int) -> None:
    """Queue activities, entities with operations, and orchestrations with events, each in its order.

    Which of them may run now is checked when they are sent: a pause, a lock or a start that is not due yet
    delays them, and its end queues them again. Timers stay in their table. What a worker had when the
    hub ended is hidden for the rest of its visibility timeout: its host counts as ended too.
    """
    _hide_what_was_out(db, dispatcher, now)
    rows = db.execute(
        "SELECT n, name, version, events FROM instances JOIN (SELECT n, min(seq) AS first FROM inbox"
        " WHERE given_until IS NULL OR given_until<=? GROUP BY n) USING(n) WHERE due_at IS NULL ORDER BY first",
        (now,),
    )
    for row in rows:
        dispatcher.orchestration_ready(ReadyOrchestration(*row))
    seen = "given_until IS NULL OR given_until<=?"
    for seq, name, version in db.execute(
        f"SELECT seq, name, version FROM activities WHERE {seen} ORDER BY seq", (now,)
    ):
        dispatcher.add(Work.ACTIVITY, seq, name, version)
    for (entity,) in db.execute(
        f"SELECT entity FROM operations WHERE {seen} GROUP BY entity ORDER BY min(ord)", (now,)
    ):
        dispatcher.add(Work.ENTITY, entity, entity_name(entity), None)


def _hide_what_was_out(db: sqlite3.Connection, dispatcher: Dispatcher, now: int) -> None:
    for n, name, version, row, until in db.execute(
        "SELECT n, name, version, seq, given_until FROM inbox JOIN instances USING(n) WHERE given_until>?", (now,)
    ):
        _hide(dispatcher, Item(Work.ORCHESTRATION, n, name, version), row, now, until)
    for row, name, version, until in db.execute(
        "SELECT seq, name, version, given_until FROM activities WHERE given_until>?", (now,)
    ):
        _hide(dispatcher, Item(Work.ACTIVITY, row, name, version), row, now, until)
    for entity, row, until in db.execute("SELECT entity, ord, given_until FROM operations WHERE given_until>?", (now,)):
        _hide(dispatcher, Item(Work.ENTITY, entity, entity_name(entity), None), row, now, until)


def _hide(dispatcher: Dispatcher, item: Item, row: int, now: int, until: int) -> None:
    # A clock that was set back must not hide anything for longer than after the end of a host.
    dispatcher.hide(item, (row,), min(until, now + dispatcher.visibility(item.work)))


def mark(tx: Tx, leases: list[Lease], dispatcher: Dispatcher) -> None:
    """Store until when work items stay hidden if their host ends with the hub."""
    for lease in leases:
        until = lease.given + dispatcher.visibility(lease.item.work)
        tx.db.executemany(_MARK[lease.item.work], [(until, row) for row in lease.rows])
