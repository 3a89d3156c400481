"""Purges finished instances: one, a batch or by filter, with their children when asked."""

from durabletask.internal import orchestrator_service_pb2 as pb

from workbench.task_hub.instance_queries import created_between
from workbench.task_hub.instances import TERMINAL, find, load
from workbench.task_hub.starting import discard
from workbench.task_hub.transaction import Tx

MOST_AT_ONCE = 100


def purge_one(tx: Tx, instance_id: str, *, recursive: bool) -> int:
    """Delete a finished instance and, recursively, its finished children; give how many."""
    instance = find(tx, instance_id)
    return _purge(tx, instance.n, recursive=recursive) if instance is not None else 0


def _purge(tx: Tx, n: int, *, recursive: bool) -> int:
    waiting, count = [n], 0
    while waiting:
        instance = load(tx, waiting.pop())
        if instance is None or not instance.terminal:
            continue
        if recursive:
            waiting += [row[0] for row in tx.db.execute("SELECT n FROM instances WHERE parent=?", (instance.n,))]
        discard(tx, instance)
        count += 1
    return count


def purge_some(tx: Tx, wanted: pb.PurgeInstanceFilter, *, recursive: bool) -> tuple[int, bool]:
    """Delete a bounded number of the instances that match; give how many, and whether there may be more."""
    statuses = [status for status in (wanted.runtimeStatus or TERMINAL) if status in TERMINAL]
    where, values = [f"status IN ({','.join('?' * len(statuses))})"], list[object](statuses)
    created_between(wanted, where, values)
    sql = f"SELECT n FROM instances WHERE {' AND '.join(where)} ORDER BY created_at, n LIMIT ?"
    found = [row[0] for row in tx.db.execute(sql, (*values, MOST_AT_ONCE))]
    return sum(_purge(tx, n, recursive=recursive) for n in found), len(found) == MOST_AT_ONCE


def purge_entity(tx: Tx, entity_id: str) -> int:
    """Delete an entity that is not locked and has nothing to do; give how many."""
    return tx.db.execute(
        "DELETE FROM entities WHERE id=?1 AND lock_ord IS NULL"
        " AND NOT EXISTS(SELECT 1 FROM operations WHERE entity=?1)"
        " AND NOT EXISTS(SELECT 1 FROM lock_waits WHERE entity=?1)",
        (entity_id,),
    ).rowcount
