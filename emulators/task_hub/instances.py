"""The rows of orchestration instances: finding, creating, ending and deleting them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub.history_events import WAKING, Kind
from emulators.task_hub.transaction import ReadyOrchestration, Tx

PENDING, RUNNING, SUSPENDED = (
    int(pb.ORCHESTRATION_STATUS_PENDING),
    int(pb.ORCHESTRATION_STATUS_RUNNING),
    int(pb.ORCHESTRATION_STATUS_SUSPENDED),
)
COMPLETED, FAILED, TERMINATED = (
    int(pb.ORCHESTRATION_STATUS_COMPLETED),
    int(pb.ORCHESTRATION_STATUS_FAILED),
    int(pb.ORCHESTRATION_STATUS_TERMINATED),
)
CONTINUED_AS_NEW = int(pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW)
TERMINAL = frozenset({COMPLETED, FAILED, TERMINATED, int(pb.ORCHESTRATION_STATUS_CANCELED)})

_SECOND = 1_000_000
_COLUMNS = (
    "n, id, name, version, status, execution, execution_id, parent, parent_execution, parent_task, due_at, suspended,"
    " events, by_client"
)
STATUS_NAMES = {
    PENDING: "Pending",
    RUNNING: "Running",
    SUSPENDED: "Suspended",
    COMPLETED: "Completed",
    FAILED: "Failed",
    TERMINATED: "Terminated",
}


@dataclass(slots=True)
class Instance:
    """What a transition needs to know of an instance; payloads stay in their table."""

    n: int
    id: str
    name: str
    version: str | None
    status: int
    execution: int
    execution_id: str
    parent: int | None
    parent_execution: int | None
    parent_task: int | None
    due_at: int | None
    suspended: int
    events: int
    by_client: int

    @property
    def terminal(self) -> bool:
        """True once it has ended."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class Parent:
    """The parent that waits for the instance, and the number of its task."""

    instance: Instance
    task: int


@dataclass(frozen=True, slots=True)
class Start:
    """What an instance begins with; `at` delays it (microseconds since 1970)."""

    id: str
    name: str
    input: str | None
    version: str | None = None
    tags: Mapping[str, str] | None = None
    at: int | None = None
    parent: Parent | None = None
    trace: pb.TraceContext | None = None
    by_client: bool = False


def find(tx: Tx, instance_id: str) -> Instance | None:
    """Return the instance with an id."""
    row = tx.db.execute(f"SELECT {_COLUMNS} FROM instances WHERE id=?", (instance_id,)).fetchone()
    return Instance(*row) if row else None


def load(tx: Tx, n: int) -> Instance | None:
    """Return the instance with a number."""
    row = tx.db.execute(f"SELECT {_COLUMNS} FROM instances WHERE n=?", (n,)).fetchone()
    return Instance(*row) if row else None


def create(tx: Tx, start: Start) -> Instance:
    """Insert a new instance with its first event; its id must be free."""
    due = start.at if start.at is not None and start.at > tx.now else None
    parent = start.parent.instance if start.parent else None
    task = start.parent.task if start.parent else None
    instance = Instance(
        0, start.id, start.name, start.version, PENDING, 1, uuid.uuid4().hex,
        parent.n if parent else None, parent.execution if parent else None, task, due, 0, 0,
        int(start.by_client),
    )  # fmt: skip
    cursor = tx.db.execute(
        "INSERT INTO instances(id, name, version, status, execution, execution_id, parent, parent_execution,"
        " parent_task, parent_id, due_at, created_at, updated_at, scheduled_at, tags, by_client)"
        " VALUES(?,?,?,?,1,?,?,?,?,?,?,?,?,?,?,?)",
        (
            start.id, start.name, start.version, PENDING, instance.execution_id, instance.parent,
            instance.parent_execution, task, parent.id if parent else None, due, tx.now, tx.now, start.at,
            json.dumps(dict(start.tags)) if start.tags else None, instance.by_client,
        ),
    )  # fmt: skip
    instance.n = cursor.lastrowid or 0
    tx.db.execute("INSERT INTO payloads(n, input) VALUES(?,?)", (instance.n, start.input))
    if due is not None:
        at = set_for(tx, due, instance.n)
        tx.db.execute("INSERT INTO timers(fire_at, n, execution, asked) VALUES(?,?,1,?)", (at, instance.n, due))
    tx.effects.started.append(start.id)
    deliver(tx, instance, Kind.START, _execution_started(tx, start, instance))
    return instance


def _execution_started(tx: Tx, start: Start, instance: Instance) -> bytes:
    event = pb.ExecutionStartedEvent(
        name=start.name,
        version=events.text(start.version),
        input=events.text(start.input),
        orchestrationInstance=pb.OrchestrationInstance(
            instanceId=start.id, executionId=events.text(instance.execution_id)
        ),
        tags=dict(start.tags) if start.tags else None,
        parentTraceContext=start.trace,
        scheduledStartTimestamp=events.stamp(start.at) if start.at is not None else None,
    )
    if start.parent:
        parent = start.parent.instance
        event.parentInstance.taskScheduledId = start.parent.task
        event.parentInstance.name.value = parent.name
        event.parentInstance.orchestrationInstance.instanceId = parent.id
        event.parentInstance.orchestrationInstance.executionId.value = parent.execution_id
    return events.happened(tx.now, executionStarted=event)


def start_again(tx: Tx, instance: Instance, payload: str | None, tags: Mapping[str, str] | None) -> bytes:
    """Return the first event of an instance that continued as new."""
    parent = load(tx, instance.parent) if instance.parent is not None else None
    link = Parent(parent, instance.parent_task or 0) if parent else None
    start = Start(instance.id, instance.name, payload, instance.version, tags, parent=link)
    return _execution_started(tx, start, instance)


def deliver(tx: Tx, instance: Instance, kind: Kind, event: bytes) -> None:
    """Put an event into the inbox of an instance that has not ended, and wake it if it may run.

    What a remote client sends is received, and wakes it, at the next poll of its queue.
    """
    cursor = tx.db.execute("INSERT INTO inbox(n, kind, event) VALUES(?,?,?)", (instance.n, int(kind), event))
    if tx.next_poll is not None and instance.due_at is None:
        ready = ReadyOrchestration(instance.n, instance.name, instance.version, instance.events)
        tx.effects.delayed.append((ready, cursor.lastrowid or 0, tx.next_poll(instance.n, tx.now)))
    elif instance.due_at is None and (instance.status != SUSPENDED or kind in WAKING):
        wake(tx, instance)


def wake(tx: Tx, instance: Instance) -> None:
    """Let an instance process its events."""
    ready = ReadyOrchestration(instance.n, instance.name, instance.version, instance.events)
    tx.effects.orchestrations.append(ready)


def set_for(tx: Tx, asked: int, target: int | str) -> int:
    """Return the time at which the message of a timer becomes visible, and inform the time keeper.

    Azure Storage hides a message for whole seconds: with coarse timers it is up to one second early.
    """
    at = tx.now + max(asked - tx.now, 0) // _SECOND * _SECOND if tx.coarse_timers else asked
    earliest = tx.effects.earliest_timer
    tx.effects.earliest_timer = at if earliest is None else min(earliest, at)
    tx.effects.touched.append(target)
    return at


def notify_parent(tx: Tx, child: Instance, output: str | None, failure: pb.TaskFailureDetails | None) -> None:
    """Deliver a child's end to the execution that started it, if that still runs."""
    if child.parent is None:
        return
    parent = load(tx, child.parent)
    if parent is None or parent.terminal or parent.execution != child.parent_execution:
        return
    event = events.child_ended(tx.now, child.parent_task or 0, child.status, output, failure)
    deliver(tx, parent, Kind.RESULT, event)


def delete(tx: Tx, instance: Instance) -> None:
    """Delete an instance and all that belongs to it; the caller releases its locks."""
    for table in ("payloads", "history", "inbox", "activities", "timers", "instances"):
        tx.db.execute(f"DELETE FROM {table} WHERE n=?", (instance.n,))
    tx.effects.forgotten.append(instance.n)
    tx.effects.changed.append(instance.id)


def output_of(tx: Tx, instance: Instance) -> tuple[str | None, pb.TaskFailureDetails | None]:
    """Return the output and the failure of an instance that has ended."""
    output, failure = tx.db.execute(
        "SELECT output, failure FROM payloads JOIN instances USING(n) WHERE n=?", (instance.n,)
    ).fetchone()
    return output, pb.TaskFailureDetails.FromString(failure) if failure is not None else None


def tags_of(tx: Tx, instance: Instance) -> dict[str, str]:
    """Return the tags of an instance."""
    (stored,) = tx.db.execute("SELECT tags FROM instances WHERE n=?", (instance.n,)).fetchone()
    return json.loads(stored) if stored else {}
