"""Reads instances for clients, page by page, by indexes."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import wire
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import stamp, text
from emulators.task_hub.instances import PENDING

_CHUNK_BYTES = 1024 * 1024
_PAGE_ROWS = 1000
_COLUMNS = "n, id, name, version, status, scheduled_at, created_at, updated_at, custom_status, failure, parent_id, tags"


def instance(db: sqlite3.Connection, instance_id: str, *, payloads: bool) -> pb.OrchestrationState | None:
    """Return the state of one instance."""
    row = db.execute(f"SELECT {_COLUMNS} FROM instances WHERE id=?", (instance_id,)).fetchone()
    return _state(db, row, inputs=payloads, outputs=payloads) if row else None


def _state(db: sqlite3.Connection, row: tuple[Any, ...], *, inputs: bool, outputs: bool) -> pb.OrchestrationState:
    n, id_, name, version, status, scheduled, created, updated, custom, failure, parent, tags = row
    state = pb.OrchestrationState(
        instanceId=id_,
        name=name,
        version=text(version),
        orchestrationStatus=status,
        scheduledStartTimestamp=stamp(scheduled) if scheduled is not None else None,
        createdTimestamp=stamp(created),
        lastUpdatedTimestamp=stamp(updated),
        parentInstanceId=text(parent),
        tags=json.loads(tags) if tags else None,
    )
    given, output = db.execute("SELECT input, output FROM payloads WHERE n=?", (n,)).fetchone()
    if inputs and given is not None:
        state.input.value = given
    if outputs:
        if failure is not None:
            details = pb.TaskFailureDetails.FromString(failure)
            output = f"{details.errorType}: {details.errorMessage}"
        if output is not None:
            state.output.value = output
        if custom is not None or status != PENDING:
            state.customStatus.value = custom if custom is not None else "null"
    return state


def page(db: sqlite3.Connection, query: pb.InstanceQuery) -> pb.QueryInstancesResponse:
    """Return one page of the instances that match, by id; the token continues after its last one.

    Outputs are always in it, and its size is limited only by `maxInstanceCount`.
    """
    where, values = ["id > ?"], list[object]([query.continuationToken.value])
    if query.runtimeStatus:
        where.append(f"status IN ({','.join('?' * len(query.runtimeStatus))})")
        values += list(query.runtimeStatus)
    created_between(query, where, values)
    prefix = query.instanceIdPrefix.value
    if prefix:
        where.append("id >= ? AND substr(id, 1, ?) = ?")
        values += [prefix, len(prefix), prefix]
    wanted = min(query.maxInstanceCount if query.maxInstanceCount > 0 else _PAGE_ROWS, _PAGE_ROWS)
    sql = f"SELECT {_COLUMNS} FROM instances WHERE {' AND '.join(where)} ORDER BY id LIMIT ?"
    rows = db.execute(sql, (*values, wanted + 1)).fetchall()
    inputs = query.fetchInputsAndOutputs
    answer = pb.QueryInstancesResponse(
        orchestrationState=[_state(db, row, inputs=inputs, outputs=True) for row in rows[:wanted]]
    )
    if len(rows) > wanted:
        answer.continuationToken.value = rows[wanted - 1][1]
    return answer


def created_between(query: pb.InstanceQuery | pb.PurgeInstanceFilter, where: list[str], values: list[object]) -> None:
    """Add the range of the creation time to a query: from is included, to is not."""
    if query.HasField("createdTimeFrom"):
        where.append("created_at >= ?")
        values.append(query.createdTimeFrom.ToMicroseconds())
    if query.HasField("createdTimeTo"):
        where.append("created_at < ?")
        values.append(query.createdTimeTo.ToMicroseconds())


def history(db: sqlite3.Connection, instance_id: str, execution_id: str | None) -> Iterator[bytes]:
    """Return the history of an instance in serialized chunks that every client accepts."""
    row = db.execute("SELECT n, execution_id FROM instances WHERE id=?", (instance_id,)).fetchone()
    if row is None or (execution_id and execution_id != row[1]):
        raise HubError(grpc.StatusCode.NOT_FOUND, f"Orchestration instance with ID {instance_id} was not found.")
    rows = db.execute("SELECT event FROM history WHERE n=? ORDER BY seq", (row[0],)).fetchall()
    chunk = bytearray()
    for (event,) in rows:
        chunk += wire.framed(wire.CHUNK, event)
        if len(chunk) > _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)
