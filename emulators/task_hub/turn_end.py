"""How an execution of an instance ends: finally, or by continuing as new."""

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub import locks
from emulators.task_hub.history_events import LASTING, Kind, given
from emulators.task_hub.instances import PENDING, TERMINATED, Instance, deliver, notify_parent, start_again, tags_of
from emulators.task_hub.transaction import Tx


def append_history(tx: Tx, instance: Instance, added: list[bytes]) -> None:
    """Append events to the history; existing events never change."""
    first = instance.events
    tx.db.executemany(
        "INSERT INTO history(n, seq, event) VALUES(?,?,?)",
        [(instance.n, first + place, event) for place, event in enumerate(added)],
    )
    instance.events = first + len(added)
    tx.effects.appended.append((instance.n, first, added))


def finish(tx: Tx, instance: Instance, status: int, output: str | None, failure: pb.TaskFailureDetails | None) -> None:
    """End an instance whose history is complete: store its outcome, drop its pending events, inform its parent."""
    instance.status = status
    tx.db.execute(
        "UPDATE instances SET status=?, completed_at=?, updated_at=?, failure=?, events=?, due_at=NULL, suspended=0"
        " WHERE n=?",
        (status, tx.now, tx.now, failure.SerializeToString() if failure else None, instance.events, instance.n),
    )
    tx.db.execute("UPDATE payloads SET output=? WHERE n=?", (output, instance.n))
    tx.db.execute("DELETE FROM inbox WHERE n=?", (instance.n,))
    tx.db.execute("DELETE FROM timers WHERE n=?", (instance.n,))
    locks.release(tx, instance.n)
    notify_parent(tx, instance, output, failure)
    tx.effects.forgotten.append(instance.n)
    tx.effects.changed.append(instance.id)


def end_now(tx: Tx, instance: Instance, output: str | None) -> None:
    """Terminate an instance without a worker; a turn that a worker has is then too late."""
    waiting = [row[0] for row in tx.db.execute("SELECT event FROM inbox WHERE n=? ORDER BY seq", (instance.n,))]
    ended = events.terminated(tx.now, output, recurse=False)
    append_history(tx, instance, [*waiting, ended, events.completed(tx.now, TERMINATED, output, None)])
    finish(tx, instance, TERMINATED, output, None)


def continue_as_new(tx: Tx, instance: Instance, action: pb.CompleteOrchestrationAction, *, pause: bytes | None) -> None:
    """Begin the next execution: a new history, the carried events first, then those that arrived meanwhile.

    Results of what the old execution scheduled are dropped with it, since their numbers mean other tasks now.
    `pause` is a suspension that the old execution processed in its last turn.
    """
    tx.db.execute("DELETE FROM history WHERE n=?", (instance.n,))
    tx.db.execute("DELETE FROM timers WHERE n=?", (instance.n,))
    locks.release(tx, instance.n)
    came = tx.db.execute("SELECT kind, event FROM inbox WHERE n=? ORDER BY seq", (instance.n,)).fetchall()
    tx.db.execute("DELETE FROM inbox WHERE n=?", (instance.n,))
    instance.execution += 1
    instance.execution_id = f"{instance.execution_id.split('.')[0]}.{instance.execution}"
    instance.events, instance.status = 0, PENDING
    if action.HasField("newVersion"):
        instance.version = action.newVersion.value
    payload = given(action, "result")
    tx.db.execute("UPDATE payloads SET input=? WHERE n=?", (payload, instance.n))
    tx.db.execute(
        "UPDATE instances SET status=?, execution=?, execution_id=?, version=?, events=0, updated_at=? WHERE n=?",
        (PENDING, instance.execution, instance.execution_id, instance.version, tx.now, instance.n),
    )
    tx.effects.forgotten.append(instance.n)
    deliver(tx, instance, Kind.START, start_again(tx, instance, payload, tags_of(tx, instance)))
    for carried in action.carryoverEvents:
        deliver(tx, instance, Kind.EVENT, carried.SerializeToString())
    if pause is not None:
        deliver(tx, instance, Kind.SUSPEND, pause)
    for kind, event in came:
        if kind in LASTING:
            deliver(tx, instance, Kind(kind), event)
    tx.effects.changed.append(instance.id)
