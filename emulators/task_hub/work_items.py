"""Reads from the file what a worker needs for one work item, and serializes it."""

import sqlite3
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import wire
from emulators.task_hub.entities import Operation
from emulators.task_hub.hidden import Item
from emulators.task_hub.history_cache import HistoryCache
from emulators.task_hub.history_events import WAKING, Kind, text, turn_started
from emulators.task_hub.instances import SUSPENDED, TERMINAL
from emulators.task_hub.turns import Turn
from emulators.task_hub.worker_stream import Work

_MOST_OPERATIONS = 200
_FRAME = 64  # of an operation in its message


@dataclass(frozen=True, slots=True)
class Batch:
    """The operations of an entity that a worker received."""

    entity: str
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is visible of a work item: all rows but the hidden ones; and the time."""

    hidden: AbstractSet[int]
    now: int


@dataclass(frozen=True, slots=True)
class Source:
    """The file's reader, and the form in which workers of this hub receive work items."""

    db: sqlite3.Connection
    cache: HistoryCache
    window: timedelta
    older_entities: bool


def read(
    source: Source, item: Item, sight: Sight, token: str, most_bytes: int
) -> tuple[Turn | Batch | None, bytes | None]:
    """Return the rows of a work item, and its message; no message if there is nothing to do."""
    if item.work is Work.ACTIVITY:
        return None, None if sight.hidden else activity(source.db, int(item.key), token)
    if item.work is Work.ORCHESTRATION:
        found = orchestration(source.db, source.cache, int(item.key), sight, token, source.window)
        return found or (None, None)
    older = source.older_entities
    return entity(source.db, str(item.key), sight, token, older=older, most_bytes=most_bytes) or (None, None)


def orchestration(
    db: sqlite3.Connection, cache: HistoryCache, n: int, sight: Sight, token: str, window: timedelta
) -> tuple[Turn, bytes] | None:
    """Return the next turn of an instance; None if it has no events.

    `window`: within which entities sort their messages, sent to workers as the extension does.
    """
    found = db.execute(
        "SELECT id, status, execution, execution_id, due_at, events, trace FROM instances WHERE n=?", (n,)
    ).fetchone()
    if found is None:
        return None
    instance_id, status, execution, execution_id, due_at, events, trace = found
    if status in TERMINAL or due_at is not None:
        return None
    rows = [
        row
        for row in db.execute("SELECT seq, kind, event FROM inbox WHERE n=? ORDER BY seq", (n,))
        if row[0] not in sight.hidden
    ]
    if not rows or (status == SUSPENDED and not any(kind in WAKING for _, kind, _ in rows)):
        return None
    if not events and not any(kind == Kind.START for _, kind, _ in rows):
        return None  # its start is hidden
    if rows[0][1] == Kind.REWIND:
        del rows[1:]  # a worker rewinds only if there is no other event
    rows_with_event = [(kind, event) for _, kind, event in rows if kind != Kind.REPLAY]
    new_events = (turn_started(sight.now), *(event for _, event in rows_with_event))
    turn = Turn(n, execution, tuple(row for row, _, _ in rows), tuple(kind for kind, _ in rows_with_event), new_events)
    head = pb.OrchestratorRequest(instanceId=instance_id, executionId=text(execution_id))
    head.entityParameters.entityMessageReorderWindow.FromTimedelta(window)
    if trace is not None:
        head.orchestrationTraceContext.ParseFromString(trace)
    request = b"".join(
        (
            head.SerializeToString(),
            cache.past_events(db, n, events) if events else b"",
            *(wire.framed(wire.NEW, event) for event in new_events),
        )
    )
    return turn, wire.work_item(wire.ORCHESTRATION, request, token)


def activity(db: sqlite3.Connection, seq: int, token: str) -> bytes | None:
    """Return an activity; None if it is no longer needed."""
    row = db.execute("SELECT request FROM activities WHERE seq=?", (seq,)).fetchone()
    return wire.work_item(wire.ACTIVITY, row[0], token) if row else None


def entity(
    db: sqlite3.Connection, entity_id: str, sight: Sight, token: str, *, older: bool, most_bytes: int
) -> tuple[Batch, bytes] | None:
    """Return the operations that an entity may run now, in either form of the request; None if there are none.

    If the operations together exceed `most_bytes`, only the first ones are returned, at least one.
    """
    row = db.execute("SELECT state, lock_ord, lock_owner FROM entities WHERE id=?", (entity_id,)).fetchone()
    state, lock_order, owner = row or (None, None, None)
    rows = db.execute(
        "SELECT ord, caller, caller_execution, event FROM operations WHERE entity=?1"
        " AND (?2 IS NULL OR ord<?2 OR caller=?3) ORDER BY ord LIMIT ?4",
        (entity_id, lock_order, owner, _MOST_OPERATIONS),
    ).fetchall()
    operations = _fitting([Operation(*row) for row in rows if row[0] not in sight.hidden], most_bytes, state)
    if not operations:
        return None
    request = pb.EntityRequest(
        instanceId=entity_id,
        entityState=text(state),
        operationRequests=[pb.HistoryEvent.FromString(operation.event) for operation in operations],
    )
    item = pb.WorkItem(completionToken=token)
    if older:
        item.entityRequest.CopyFrom(helpers.convert_to_entity_batch_request(request)[0])
        if state is None:
            item.entityRequest.ClearField("entityState")
    else:
        item.entityRequestV2.CopyFrom(request)
    return Batch(entity_id, operations), item.SerializeToString()


def _fitting(operations: list[Operation], most_bytes: int, state: str | None) -> list[Operation]:
    size = len(state.encode()) if state else 0
    for place, operation in enumerate(operations):
        size += len(operation.event) + _FRAME
        if size > most_bytes and place:
            return operations[:place]
    return operations
