"""Queues, when a hub starts, all the work that its file holds."""

import sqlite3

from workbench.task_hub.aftermath import entity_name
from workbench.task_hub.dispatch import Dispatcher
from workbench.task_hub.transaction import ReadyOrchestration
from workbench.task_hub.worker_stream import Work


def queue_all(db: sqlite3.Connection, dispatcher: Dispatcher) -> None:
    """Queue activities, entities with operations, and orchestrations with events, each in its order.

    Which of them may run now is looked at when they are given out: a pause, a lock or a start that is not due yet
    keeps them back, and what ends that queues them again. Timers stay in their table.
    """
    rows = db.execute(
        "SELECT n, name, version, events FROM instances"
        " JOIN (SELECT n, min(seq) AS first FROM inbox GROUP BY n) USING(n) WHERE due_at IS NULL ORDER BY first"
    )
    for row in rows:
        dispatcher.orchestration_ready(ReadyOrchestration(*row))
    for seq, name, version in db.execute("SELECT seq, name, version FROM activities ORDER BY seq"):
        dispatcher.add(Work.ACTIVITY, seq, name, version)
    for (entity,) in db.execute("SELECT entity FROM operations GROUP BY entity ORDER BY min(ord)"):
        dispatcher.add(Work.ENTITY, entity, entity_name(entity), None)
