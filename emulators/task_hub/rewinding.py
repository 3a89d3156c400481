"""Rewinds a failed instance: its worker rewrites the history, the hub restarts what is missing in it."""

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import activities, timers
from emulators.task_hub import history_events as events
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import Kind, given
from emulators.task_hub.instances import (
    FAILED,
    RUNNING,
    Instance,
    Parent,
    Start,
    create,
    deliver,
    find,
    notify_parent,
    output_of,
)
from emulators.task_hub.transaction import Tx
from emulators.task_hub.turn_end import append_history


def rewind(tx: Tx, instance_id: str, reason: str | None) -> None:
    """Let a failed instance run again from its last good state."""
    instance = find(tx, instance_id)
    if instance is None:
        text = f"No instance with ID '{instance_id}' was found. (Parameter 'instanceId')"
        raise HubError(grpc.StatusCode.NOT_FOUND, text)
    if instance.status != FAILED:
        text = "The rewind operation is only supported on failed orchestration instances."
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
    _customize(tx, instance, reason, None)


def _customize(tx: Tx, instance: Instance, reason: str | None, parent: Instance | None) -> None:
    instance.status = RUNNING
    tx.db.execute(
        "UPDATE instances SET status=?, completed_at=NULL, failure=NULL, updated_at=? WHERE n=?",
        (RUNNING, tx.now, instance.n),
    )
    tx.db.execute("UPDATE payloads SET output=NULL WHERE n=?", (instance.n,))
    event = pb.ExecutionRewoundEvent(
        reason=events.text(reason), parentExecutionId=events.text(parent.execution_id if parent else None)
    )
    deliver(tx, instance, Kind.REWIND, events.happened(tx.now, executionRewound=event))
    tx.effects.changed.append(instance.id)


def rewrite(tx: Tx, instance: Instance, action: pb.RewindOrchestrationAction) -> None:
    """Store the history that the worker cleaned, and restart whatever in it has not ended.

    The one place where a history is replaced: the protocol asks for it, and the instance is not running.
    """
    history = list(action.newHistory)
    tx.db.execute("DELETE FROM history WHERE n=?", (instance.n,))
    tx.effects.forgotten.append(instance.n)
    instance.events, instance.status = 0, RUNNING
    for event in history:
        if event.HasField("executionStarted"):
            instance.execution_id = event.executionStarted.orchestrationInstance.executionId.value
    append_history(tx, instance, [event.SerializeToString() for event in history])
    tx.db.execute(
        "UPDATE instances SET status=?, execution_id=?, events=?, updated_at=? WHERE n=?",
        (RUNNING, instance.execution_id, instance.events, tx.now, instance.n),
    )
    reason = next(
        (given(e.executionRewound, "reason") for e in reversed(history) if e.HasField("executionRewound")), None
    )
    ended = _ended(history)
    for event in history:
        if event.eventId in ended:
            continue
        if event.HasField("subOrchestrationInstanceCreated"):
            _child(tx, instance, event, reason)
        elif event.HasField("taskScheduled"):
            _task(tx, instance, event)
        elif event.HasField("timerCreated"):
            _timer(tx, instance, event)
    deliver(tx, instance, Kind.REPLAY, b"")


def _ended(history: list[pb.HistoryEvent]) -> set[int]:
    done: set[int] = set()
    for event in history:
        if event.HasField("taskCompleted"):
            done.add(event.taskCompleted.taskScheduledId)
        elif event.HasField("subOrchestrationInstanceCompleted"):
            done.add(event.subOrchestrationInstanceCompleted.taskScheduledId)
        elif event.HasField("timerFired"):
            done.add(event.timerFired.timerId)
    return done


def _child(tx: Tx, parent: Instance, event: pb.HistoryEvent, reason: str | None) -> None:
    created = event.subOrchestrationInstanceCreated
    child = find(tx, created.instanceId)
    if child is None:
        link = Parent(parent, event.eventId)
        version, payload = given(created, "version"), given(created, "input")
        create(tx, Start(created.instanceId, created.name, payload, version, dict(created.tags), parent=link))
    elif child.status == FAILED:
        _customize(tx, child, reason, parent)
    elif child.terminal and child.parent == parent.n:
        notify_parent(tx, child, *output_of(tx, child))


def _task(tx: Tx, instance: Instance, event: pb.HistoryEvent) -> None:
    queued = tx.db.execute(
        "SELECT 1 FROM activities WHERE n=? AND execution=? AND task=?",
        (instance.n, instance.execution, event.eventId),
    ).fetchone()
    if not queued:
        activities.schedule(tx, instance, event.eventId, event.taskScheduled)


def _timer(tx: Tx, instance: Instance, event: pb.HistoryEvent) -> None:
    timers.create(tx, instance, event.eventId, event.timerCreated.fireAt.ToMicroseconds())
