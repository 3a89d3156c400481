"""Stores the outcome of one turn of an orchestration, in one transaction."""

from dataclasses import dataclass

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub import rewinding
from emulators.task_hub.actions import take
from emulators.task_hub.errors import LostLeaseError
from emulators.task_hub.history_events import WAKING, Kind, given
from emulators.task_hub.instances import (
    CONTINUED_AS_NEW,
    FAILED,
    PENDING,
    RUNNING,
    SUSPENDED,
    TERMINAL,
    Instance,
    load,
    wake,
)
from emulators.task_hub.starting import Existing
from emulators.task_hub.transaction import Tx
from emulators.task_hub.turn_end import append_history, continue_as_new, finish

# https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-custom-orchestration-status
CUSTOM_STATUS_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker received: rows of the inbox, of one execution of an instance."""

    n: int
    execution: int
    rows: tuple[int, ...]
    kinds: tuple[int, ...]
    new_events: tuple[bytes, ...]


def complete(
    tx: Tx, token: str, turn: Turn, response: pb.OrchestratorResponse, existing: Existing, *, sorts: bool = False
) -> None:
    """Move the processed events to the history, do what the orchestrator decided, and wake it for newer events."""
    instance = load(tx, turn.n)
    if (
        instance is None
        or (instance.terminal and Kind.REWIND not in turn.kinds)
        or instance.execution != turn.execution
    ):
        raise LostLeaseError
    tx.effects.released.append(token)
    tx.db.executemany("DELETE FROM inbox WHERE seq=?", [(row,) for row in turn.rows])
    began = instance.status
    instance.status = _status_after(began, turn.kinds)
    custom, actions = given(response, "customStatus"), list(response.actions)
    if custom is not None and len(custom.encode("utf-16-le")) > CUSTOM_STATUS_BYTES:
        actions, custom = [_too_large(custom)], None
    rewind = next((a.rewindOrchestration for a in actions if a.HasField("rewindOrchestration")), None)
    if rewind is not None:
        rewinding.rewrite(tx, instance, rewind)
        return
    added: list[bytes] = list(turn.new_events)
    end: pb.CompleteOrchestrationAction | None = None
    for action in actions:
        if action.HasField("completeOrchestration"):
            end = action.completeOrchestration
            continue
        event = take(tx, instance, action, existing, sorts=sorts)
        if event is not None:
            added.append(event)
    trace = response.orchestrationTraceContext
    tx.db.execute(
        "UPDATE instances SET status=?, updated_at=?, custom_status=?, trace=?, events=? WHERE n=?",
        (
            instance.status, tx.now, custom,
            trace.SerializeToString() if response.HasField("orchestrationTraceContext") else None,
            instance.events + len(added) + 1, turn.n,
        ),
    )  # fmt: skip
    if end is not None and end.orchestrationStatus == CONTINUED_AS_NEW:
        pause = _pause_of(turn) if instance.suspended else None
        continue_as_new(tx, instance, end, pause=pause)
        return
    _close(tx, instance, added, end)
    if instance.status != began:
        tx.effects.changed.append(instance.id)


def fail(tx: Tx, token: str, n: int, failure: pb.TaskFailureDetails) -> None:
    """End an instance whose turn no worker can accept."""
    instance = load(tx, n)
    if instance is None or instance.terminal:
        raise LostLeaseError
    tx.effects.released.append(token)
    waiting = [row[0] for row in tx.db.execute("SELECT event FROM inbox WHERE n=? ORDER BY seq", (n,))]
    append_history(tx, instance, [*waiting, events.completed(tx.now, FAILED, None, failure)])
    finish(tx, instance, FAILED, None, failure)


def _close(tx: Tx, instance: Instance, added: list[bytes], end: pb.CompleteOrchestrationAction | None) -> None:
    added.append(events.turn_completed(tx.now))
    if end is None:
        append_history(tx, instance, added)
        _wake_again(tx, instance)
        return
    status = int(end.orchestrationStatus)
    if status not in TERMINAL:
        status = FAILED
    output = given(end, "result")
    failure = end.failureDetails if end.HasField("failureDetails") else None
    added.append(events.completed(tx.now, status, output, failure))
    append_history(tx, instance, added)
    finish(tx, instance, status, output, failure)


def _wake_again(tx: Tx, instance: Instance) -> None:
    """Wake an instance for events that arrived during its turn."""
    kinds = tx.db.execute("SELECT DISTINCT kind FROM inbox WHERE n=?", (instance.n,)).fetchall()
    if kinds and (instance.status != SUSPENDED or any(kind in WAKING for (kind,) in kinds)):
        wake(tx, instance)


def _status_after(status: int, kinds: tuple[int, ...]) -> int:
    status = RUNNING if status == PENDING else status
    for kind in kinds:
        if kind == Kind.SUSPEND:
            status = SUSPENDED
        elif kind == Kind.RESUME:
            status = RUNNING
    return status


def _pause_of(turn: Turn) -> bytes | None:
    # new_events has one event more than kinds: the start of the turn.
    for kind, event in zip(reversed(turn.kinds), reversed(turn.new_events), strict=False):
        if kind == Kind.RESUME:
            return None
        if kind == Kind.SUSPEND:
            return event
    return None


def _too_large(custom: str) -> pb.OrchestratorAction:
    size = len(custom.encode("utf-16-le")) / 1024
    text = (
        "The UTF-16 size of the JSON-serialized custom status must not exceed 16 KB;"
        f" it has {size:.1f} KB. Keep counts in it, and the rest in the output."
    )
    failure = pb.TaskFailureDetails(errorType="CustomStatusTooLarge", errorMessage=text, isNonRetriable=True)
    end = pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=failure)
    return pb.OrchestratorAction(id=-1, completeOrchestration=end)
