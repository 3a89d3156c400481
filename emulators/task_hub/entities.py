"""Operations on entities: queued, run in batches, and their results delivered."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import entity_messages, locks
from emulators.task_hub import history_events as events
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import Kind, given
from emulators.task_hub.instances import Instance, Start, deliver, load, set_for
from emulators.task_hub.transaction import Tx

type Starter = Callable[[Tx, Start], object]


@dataclass(frozen=True, slots=True)
class Operation:
    """One queued operation; `caller` waits for its result."""

    order: int
    caller: int | None
    caller_execution: int | None
    event: bytes


def call(tx: Tx, caller: Instance, called: pb.EntityOperationCalledEvent) -> None:
    """Queue an operation whose result the caller awaits."""
    copy = pb.EntityOperationCalledEvent()
    copy.CopyFrom(called)
    copy.parentInstanceId.value = caller.id
    copy.parentExecutionId.value = caller.execution_id
    _queue(tx, called.targetInstanceId.value, events.happened(tx.now, entityOperationCalled=copy), caller)


def signal(tx: Tx, signaled: pb.EntityOperationSignaledEvent) -> None:
    """Queue an operation without a waiting caller, at its time."""
    entity = signaled.targetInstanceId.value
    event = events.happened(tx.now, entityOperationSignaled=signaled)
    at = signaled.scheduledTime.ToMicroseconds() if signaled.HasField("scheduledTime") else None
    if at is not None and at > tx.now:
        seen_at = set_for(tx, at, entity)
        tx.db.execute("INSERT INTO timers(fire_at, entity, event, asked) VALUES(?,?,?,?)", (seen_at, entity, event, at))
    else:
        _queue(tx, entity, event, None)


def queue_signal(tx: Tx, entity: str, event: bytes) -> None:
    """Queue a signal that is due."""
    _queue(tx, entity, event, None)


def _queue(tx: Tx, entity: str, event: bytes, caller: Instance | None) -> None:
    cursor = tx.db.execute(
        "INSERT INTO operations(entity, caller, caller_execution, event) VALUES(?,?,?,?)",
        (entity, caller.n if caller else None, caller.execution if caller else None, event),
    )
    if tx.next_poll is not None:
        tx.effects.delayed.append((entity, cursor.lastrowid or 0, tx.next_poll(entity, tx.now)))
    else:
        tx.effects.entities.append(entity)


def complete(
    tx: Tx, token: str, entity: str, batch: list[Operation], result: pb.EntityBatchResult, starter: Starter
) -> None:
    """Store the results of a batch: state, answers, signals and new orchestrations.

    Operations without a result were not run, and stay queued. A failure of the batch is a failure of each.
    """
    results = list(result.results)
    failed = result.HasField("failureDetails") and not results
    if failed:
        failure = pb.OperationResultFailure(failureDetails=result.failureDetails)
        results = [pb.OperationResult(failure=failure) for _ in batch]
    done = batch[: len(results)]
    tx.db.executemany("DELETE FROM operations WHERE ord=?", [(operation.order,) for operation in done])
    if not failed:
        tx.db.execute(
            "INSERT INTO entities(id, state, modified_at) VALUES(?1,?2,?3)"
            " ON CONFLICT(id) DO UPDATE SET state=?2, modified_at=?3",
            (entity, result.entityState.value or None, tx.now),
        )
    for operation, outcome in zip(done, results, strict=False):
        _answer(tx, operation, outcome, broken=failed)
    for action in result.actions:
        _act(tx, action, starter)
    tx.effects.released.append(token)
    tx.effects.entities.append(entity)


def _answer(tx: Tx, operation: Operation, outcome: pb.OperationResult, *, broken: bool) -> None:
    if operation.caller is None:
        return
    caller = load(tx, operation.caller)
    if caller is None or caller.terminal or caller.execution != operation.caller_execution:
        return
    request = pb.HistoryEvent.FromString(operation.event).entityOperationCalled.requestId
    if outcome.HasField("failure"):
        answer = entity_messages.broken if broken else entity_messages.failed
        event = answer(tx.now, request, outcome.failure.failureDetails)
    else:
        output = outcome.success.result if outcome.success.HasField("result") else None
        event = entity_messages.answered(tx.now, request, output.value if output is not None else None)
    deliver(tx, caller, Kind.RESULT, event)


def _act(tx: Tx, action: pb.OperationAction, starter: Starter) -> None:
    if action.HasField("sendSignal"):
        sent = action.sendSignal
        target = pb.EntityOperationSignaledEvent(
            requestId=uuid.uuid4().hex, operation=sent.name, targetInstanceId=events.text(sent.instanceId)
        )
        if sent.HasField("input"):
            target.input.CopyFrom(sent.input)
        if sent.HasField("scheduledTime"):
            target.scheduledTime.CopyFrom(sent.scheduledTime)
        signal(tx, target)
    elif action.HasField("startNewOrchestration"):
        new = action.startNewOrchestration
        at = new.scheduledTime.ToMicroseconds() if new.HasField("scheduledTime") else None
        trace = new.parentTraceContext if new.HasField("parentTraceContext") else None
        instance_id = new.instanceId or uuid.uuid4().hex
        try:
            starter(tx, Start(instance_id, new.name, given(new, "input"), given(new, "version"), at=at, trace=trace))
        except HubError:
            return  # an orchestration with this id exists already: a signal has no caller to inform


def clean(tx: Tx, *, empty: bool, orphaned: bool, most: int) -> tuple[int, int]:
    """Delete entities without state and work, and release locks of instances that have ended; count both."""
    released = 0
    if orphaned:
        owners = tx.db.execute(
            "SELECT DISTINCT lock_owner FROM entities LEFT JOIN instances ON n=lock_owner"
            " WHERE lock_owner IS NOT NULL AND (n IS NULL OR completed_at IS NOT NULL) LIMIT ?",
            (most,),
        ).fetchall()
        released = sum(locks.release(tx, owner) for (owner,) in owners)
    removed = 0
    if empty:
        removed = tx.db.execute(
            "DELETE FROM entities WHERE id IN (SELECT id FROM entities AS e WHERE state IS NULL AND lock_ord IS NULL"
            " AND NOT EXISTS(SELECT 1 FROM operations WHERE entity=e.id)"
            " AND NOT EXISTS(SELECT 1 FROM lock_waits WHERE entity=e.id) LIMIT ?)",
            (most,),
        ).rowcount
    return removed, released
