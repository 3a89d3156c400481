"""Purges finished instances, one or by filter."""

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub.errors import HubError
from emulators.task_hub.instance_queries import created_between
from emulators.task_hub.instances import STATUS_NAMES, TERMINAL, find, load
from emulators.task_hub.starting import discard
from emulators.task_hub.transaction import Tx

MOST_AT_ONCE = 100


def purge_one(tx: Tx, instance_id: str) -> int:
    """Delete a finished instance, never its children; return how many. One that has not ended is refused."""
    instance = find(tx, instance_id)
    if instance is None:
        return 0
    if not instance.terminal:
        text = (
            "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID"
            f" {instance_id} has status {STATUS_NAMES[instance.status]}"
        )
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
    discard(tx, instance)
    return 1


def purge_some(tx: Tx, wanted: pb.PurgeInstanceFilter) -> tuple[int, bool]:
    """Delete a limited number of the instances that match; return how many, and whether there may be more."""
    statuses = [status for status in (wanted.runtimeStatus or TERMINAL) if status in TERMINAL]
    where, values = [f"status IN ({','.join('?' * len(statuses))})"], list[object](statuses)
    created_between(wanted, where, values)
    sql = f"SELECT n FROM instances WHERE {' AND '.join(where)} ORDER BY created_at, n LIMIT ?"
    found = [load(tx, n) for (n,) in tx.db.execute(sql, (*values, MOST_AT_ONCE)).fetchall()]
    for instance in found:
        if instance is not None:
            discard(tx, instance)
    return len(found), len(found) == MOST_AT_ONCE


def purge_entity(tx: Tx, entity_id: str) -> int:
    """Delete an entity that is not locked and has no operations; return how many."""
    return tx.db.execute(
        "DELETE FROM entities WHERE id=?1 AND lock_ord IS NULL"
        " AND NOT EXISTS(SELECT 1 FROM operations WHERE entity=?1)"
        " AND NOT EXISTS(SELECT 1 FROM lock_waits WHERE entity=?1)",
        (entity_id,),
    ).rowcount
