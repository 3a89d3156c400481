"""Locks of entities: all of a request are granted at once, in the order of the requests.

A request is granted when each of its entities is free and no earlier request waits for it: neither a deadlock nor
starvation is possible. Operations that arrived before the request still run; later ones, except the holder's, wait.
"""

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import entity_messages
from emulators.task_hub.history_events import Kind
from emulators.task_hub.instances import Instance, deliver, load
from emulators.task_hub.transaction import Tx


def request(tx: Tx, owner: Instance, asked: pb.EntityLockRequestedEvent) -> None:
    """Queue a request, and grant it if possible."""
    # The number comes from the operations' sequence, so that it shows which operations came before.
    cursor = tx.db.execute("INSERT INTO operations(entity, event) VALUES('', x'')")
    order = cursor.lastrowid or 0
    tx.db.execute("DELETE FROM operations WHERE ord=?", (order,))
    tx.db.execute(
        "INSERT INTO lock_requests(ord, section, owner, owner_execution, owner_id) VALUES(?,?,?,?,?)",
        (order, asked.criticalSectionId, owner.n, owner.execution, owner.id),
    )
    for entity in set(asked.lockSet):
        tx.db.execute("INSERT INTO lock_waits(entity, ord) VALUES(?,?)", (entity, order))
    _grant(tx, order)


def unlock(tx: Tx, section: str, entity: str) -> None:
    """Release one entity of a critical section."""
    found = tx.db.execute(
        "UPDATE entities SET lock_ord=NULL, lock_section=NULL, lock_owner=NULL, lock_owner_id=NULL"
        " WHERE id=? AND lock_section=?",
        (entity, section),
    )
    if found.rowcount:
        _freed(tx, entity)


def release(tx: Tx, owner: int, section: str | None = None) -> int:
    """Release the locks and waiting requests of an instance, or of one of its sections; return the number of locks."""
    where, values = ("AND section=?", (owner, section)) if section is not None else ("", (owner,))
    for (order,) in tx.db.execute(f"SELECT ord FROM lock_requests WHERE owner=? {where}", values).fetchall():
        _forget(tx, order)
    if section is not None:
        return 0
    held = tx.db.execute("SELECT id, lock_section FROM entities WHERE lock_owner=?", (owner,)).fetchall()
    for entity, held_section in held:
        unlock(tx, held_section, entity)
    return len(held)


def _forget(tx: Tx, order: int) -> None:
    entities = [row[0] for row in tx.db.execute("SELECT entity FROM lock_waits WHERE ord=?", (order,))]
    tx.db.execute("DELETE FROM lock_waits WHERE ord=?", (order,))
    tx.db.execute("DELETE FROM lock_requests WHERE ord=?", (order,))
    for entity in entities:
        _grant_next(tx, entity)


def _freed(tx: Tx, entity: str) -> None:
    _grant_next(tx, entity)
    tx.effects.entities.append(entity)


def _grant_next(tx: Tx, entity: str) -> None:
    row = tx.db.execute("SELECT min(ord) FROM lock_waits WHERE entity=?", (entity,)).fetchone()
    if row[0] is not None:
        _grant(tx, row[0])


def _grant(tx: Tx, order: int) -> None:
    blocked = tx.db.execute(
        "SELECT 1 FROM lock_waits AS mine LEFT JOIN entities ON entities.id=mine.entity WHERE mine.ord=?1 AND ("
        " entities.lock_ord IS NOT NULL"
        " OR EXISTS(SELECT 1 FROM lock_waits AS other WHERE other.entity=mine.entity AND other.ord<?1)) LIMIT 1",
        (order,),
    ).fetchone()
    if blocked:
        return
    section, owner_n, execution, owner_id = tx.db.execute(
        "SELECT section, owner, owner_execution, owner_id FROM lock_requests WHERE ord=?", (order,)
    ).fetchone()
    owner = load(tx, owner_n)
    if owner is None or owner.terminal or owner.execution != execution:
        _forget(tx, order)
        return
    tx.db.execute(
        "INSERT INTO entities(id, modified_at, lock_ord, lock_section, lock_owner, lock_owner_id)"
        " SELECT entity, ?2, ?1, ?3, ?4, ?5 FROM lock_waits WHERE ord=?1"
        " ON CONFLICT(id) DO UPDATE SET lock_ord=?1, lock_section=?3, lock_owner=?4, lock_owner_id=?5",
        (order, tx.now, section, owner_n, owner_id),
    )
    tx.db.execute("DELETE FROM lock_waits WHERE ord=?", (order,))
    tx.db.execute("DELETE FROM lock_requests WHERE ord=?", (order,))
    deliver(tx, owner, Kind.RESULT, entity_messages.granted(tx.now, section))
