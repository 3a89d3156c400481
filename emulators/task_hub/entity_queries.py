"""Reads entities for clients."""

import sqlite3

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub.history_events import stamp, text

_PAGE_BYTES = 1024 * 1024
_PAGE_ROWS = 1000
_SELECT = (
    "SELECT id, modified_at, lock_owner_id, state, (SELECT count(*) FROM operations WHERE entity=entities.id)"
    " FROM entities"
)


def entity(db: sqlite3.Connection, entity_id: str, *, state: bool) -> pb.EntityMetadata | None:
    """Return one entity; one without state does not exist for clients, as on Azure."""
    row = db.execute(f"{_SELECT} WHERE id=? AND state IS NOT NULL", (entity_id,)).fetchone()
    return _metadata(row, state=state) if row else None


def _metadata(row: tuple[str, int, str | None, str | None, int], *, state: bool) -> pb.EntityMetadata:
    entity_id, modified, owner, content, backlog = row
    return pb.EntityMetadata(
        instanceId=entity_id,
        lastModifiedTime=stamp(modified),
        backlogQueueSize=backlog,
        lockedBy=text(owner),
        serializedState=text(content) if state else None,
    )


def page(db: sqlite3.Connection, query: pb.EntityQuery) -> pb.QueryEntitiesResponse:
    """Return one page of entities by id; those without state only if transient ones are requested."""
    where, values = ["id > ?"], list[object]([query.continuationToken.value])
    prefix = query.instanceIdStartsWith.value
    if prefix:
        where.append("id >= ? AND substr(id, 1, ?) = ?")
        values += [prefix, len(prefix), prefix]
    if query.HasField("lastModifiedFrom"):
        where.append("modified_at >= ?")
        values.append(query.lastModifiedFrom.ToMicroseconds())
    if query.HasField("lastModifiedTo"):
        where.append("modified_at < ?")
        values.append(query.lastModifiedTo.ToMicroseconds())
    if not query.includeTransient:
        where.append("state IS NOT NULL")
    wanted = min(query.pageSize.value if query.pageSize.value > 0 else _PAGE_ROWS, _PAGE_ROWS)
    rows = db.execute(f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY id LIMIT ?", (*values, wanted + 1)).fetchall()
    answer, size, last = pb.QueryEntitiesResponse(), 0, None
    for row in rows[:wanted]:
        metadata = _metadata(row, state=query.includeState)
        size += metadata.ByteSize()
        if last is not None and size > _PAGE_BYTES:
            break
        answer.entities.append(metadata)
        last = row
    if last is not None and last is not rows[-1]:
        answer.continuationToken.value = last[0]
    return answer
