"""Reads instances for clients, page by page, by indexes."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from workbench.task_hub import wire
from workbench.task_hub.errors import HubError
from workbench.task_hub.history_events import stamp, text

# Clients take messages of 4 MiB unless told otherwise.
_PAGE_BYTES = 1024 * 1024
_PAGE_ROWS = 1000
_DEFAULT_IDS = 100
_COLUMNS = (
    "n, id, name, version, status, scheduled_at, created_at, updated_at, custom_status, failure, execution_id,"
    " completed_at, parent_id, tags"
)


def instance(db: sqlite3.Connection, instance_id: str, *, payloads: bool) -> pb.OrchestrationState | None:
    """Give the state of one instance."""
    row = db.execute(f"SELECT {_COLUMNS} FROM instances WHERE id=?", (instance_id,)).fetchone()
    return _state(db, row, payloads=payloads) if row else None


def _state(db: sqlite3.Connection, row: tuple[Any, ...], *, payloads: bool) -> pb.OrchestrationState:
    n, id_, name, version, status, scheduled, created, updated, custom, failure, execution, completed, parent, tags = (
        row
    )
    state = pb.OrchestrationState(
        instanceId=id_,
        name=name,
        version=text(version),
        orchestrationStatus=status,
        scheduledStartTimestamp=stamp(scheduled) if scheduled is not None else None,
        createdTimestamp=stamp(created),
        lastUpdatedTimestamp=stamp(updated),
        completedTimestamp=stamp(completed) if completed is not None else None,
        customStatus=text(custom),
        executionId=text(execution),
        parentInstanceId=text(parent),
        tags=json.loads(tags) if tags else None,
    )
    if failure is not None:
        state.failureDetails.ParseFromString(failure)
    if payloads:
        given, output = db.execute("SELECT input, output FROM payloads WHERE n=?", (n,)).fetchone()
        if given is not None:
            state.input.value = given
        if output is not None:
            state.output.value = output
    return state


def page(db: sqlite3.Connection, query: pb.InstanceQuery) -> pb.QueryInstancesResponse:
    """Give one page of the instances that match, oldest first; the token continues after its last one."""
    where: list[str] = []
    values: list[object] = []
    if query.runtimeStatus:
        where.append(f"status IN ({','.join('?' * len(query.runtimeStatus))})")
        values += list(query.runtimeStatus)
    created_between(query, where, values)
    prefix = query.instanceIdPrefix.value
    if prefix:
        where.append("substr(id, 1, ?) = ?")
        values += [len(prefix), prefix]
    if query.continuationToken.value:
        created, n = _token(query.continuationToken.value, int, int)
        where.append("(created_at, n) > (?, ?)")
        values += [created, n]
    rows_wanted = min(query.maxInstanceCount if query.maxInstanceCount > 0 else _PAGE_ROWS, _PAGE_ROWS)
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    sql = f"SELECT {_COLUMNS} FROM instances {clause} ORDER BY created_at, n LIMIT ?"
    answer, size, last = pb.QueryInstancesResponse(), 0, None
    rows = db.execute(sql, (*values, rows_wanted + 1)).fetchall()
    for row in rows[:rows_wanted]:
        state = _state(db, row, payloads=query.fetchInputsAndOutputs)
        size += state.ByteSize()
        if last is not None and size > _PAGE_BYTES:
            break
        answer.orchestrationState.append(state)
        last = row
    if last is not None and last is not rows[-1]:
        answer.continuationToken.value = f"{last[6]}|{last[0]}"
    return answer


def created_between(query: pb.InstanceQuery | pb.PurgeInstanceFilter, where: list[str], values: list[object]) -> None:
    """Add the bounds of the time of creation to a query: from is included, to is not."""
    if query.HasField("createdTimeFrom"):
        where.append("created_at >= ?")
        values.append(query.createdTimeFrom.ToMicroseconds())
    if query.HasField("createdTimeTo"):
        where.append("created_at < ?")
        values.append(query.createdTimeTo.ToMicroseconds())


def finished_ids(db: sqlite3.Connection, request: pb.ListInstanceIdsRequest) -> pb.ListInstanceIdsResponse:
    """Give one page of the ids of finished instances, by the time at which they ended."""
    where, values = ["completed_at IS NOT NULL"], list[object]()
    if request.runtimeStatus:
        where.append(f"status IN ({','.join('?' * len(request.runtimeStatus))})")
        values += list(request.runtimeStatus)
    if request.HasField("completedTimeFrom"):
        where.append("completed_at >= ?")
        values.append(request.completedTimeFrom.ToMicroseconds())
    if request.HasField("completedTimeTo"):
        where.append("completed_at < ?")
        values.append(request.completedTimeTo.ToMicroseconds())
    if request.lastInstanceKey.value:
        where.append("(completed_at, id) > (?, ?)")
        values += _token(request.lastInstanceKey.value, int, str)
    size = request.pageSize if request.pageSize > 0 else _DEFAULT_IDS
    sql = f"SELECT completed_at, id FROM instances WHERE {' AND '.join(where)} ORDER BY completed_at, id LIMIT ?"
    rows = db.execute(sql, (*values, size + 1)).fetchall()
    answer = pb.ListInstanceIdsResponse(instanceIds=[row[1] for row in rows[:size]])
    if len(rows) > size:
        answer.lastInstanceKey.value = f"{rows[size - 1][0]}|{rows[size - 1][1]}"
    return answer


def _token[A, B](value: str, first: type[A], second: type[B]) -> tuple[A, B]:
    head, separator, tail = value.partition("|")
    try:
        if not separator:
            raise ValueError
        return first(head), second(tail)  # pyright: ignore[reportCallIssue]
    except ValueError as error:
        text = f"{value!r} is no continuation token of this task hub: use the one of the page before"
        raise HubError(grpc.StatusCode.INVALID_ARGUMENT, text) from error


def history(db: sqlite3.Connection, instance_id: str, execution_id: str | None) -> Iterator[bytes]:
    """Give the history of an instance in serialized chunks that every client takes."""
    row = db.execute("SELECT n, execution_id FROM instances WHERE id=?", (instance_id,)).fetchone()
    if row is None or (execution_id and execution_id != row[1]):
        raise HubError(grpc.StatusCode.NOT_FOUND, f"Orchestration instance '{instance_id}' not found")
    rows = db.execute("SELECT event FROM history WHERE n=? ORDER BY seq", (row[0],)).fetchall()
    chunk = bytearray()
    for (event,) in rows:
        chunk += wire.framed(wire.CHUNK, event)
        if len(chunk) > _PAGE_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)
