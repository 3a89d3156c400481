"""What clients, and other orchestrations, order of an instance: events, terminate, suspend, resume, restart."""

import uuid

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from workbench.task_hub import history_events as events
from workbench.task_hub.errors import HubError
from workbench.task_hub.history_events import Kind
from workbench.task_hub.instances import Instance, Start, create, deliver, find, load, need, tags_of
from workbench.task_hub.starting import discard
from workbench.task_hub.transaction import Tx
from workbench.task_hub.turn_end import end_now


def raise_event(tx: Tx, instance_id: str, name: str, data: str | None) -> None:
    """Deliver an event; one to an instance that has ended is dropped."""
    instance = need(tx, instance_id)
    if not instance.terminal:
        deliver(tx, instance, Kind.EVENT, events.raised(tx.now, name, data))


def send_event(tx: Tx, instance_id: str, name: str, data: str | None) -> None:
    """Deliver an event of another orchestration; one to nobody is dropped."""
    instance = find(tx, instance_id)
    if instance is not None and not instance.terminal:
        deliver(tx, instance, Kind.EVENT, events.raised(tx.now, name, data))


def terminate(tx: Tx, instance_id: str, output: str | None, *, recurse: bool) -> None:
    """Order an instance to end; without effect on one that is unknown or has ended."""
    instance = find(tx, instance_id)
    if instance is not None:
        terminate_instance(tx, instance, output, recurse=recurse)


def terminate_instance(tx: Tx, instance: Instance, output: str | None, *, recurse: bool) -> None:
    """Order it; an instance whose time has not come yet ends at once, no worker having seen it."""
    if instance.terminal:
        return
    if instance.due_at is not None:
        end_now(tx, instance, output)
        return
    kind = Kind.TERMINATE_ALL if recurse else Kind.TERMINATE
    deliver(tx, instance, kind, events.terminated(tx.now, output, recurse=recurse))


def terminate_children(tx: Tx, parent: Instance) -> None:
    """Order all children of an instance to end, and theirs."""
    rows = tx.db.execute("SELECT n FROM instances WHERE parent=? AND completed_at IS NULL", (parent.n,)).fetchall()
    for (n,) in rows:
        child = load(tx, n)
        if child is not None:
            terminate_instance(tx, child, None, recurse=True)


def force_end(tx: Tx, instance_ids: list[str], reason: str | None) -> list[str]:
    """End instances without asking a worker; give the ids of those that could not be ended."""
    missed: list[str] = []
    for instance_id in instance_ids:
        instance = find(tx, instance_id)
        if instance is None or instance.terminal:
            missed.append(instance_id)
        else:
            end_now(tx, instance, reason)
    return missed


def suspend(tx: Tx, instance_id: str, reason: str | None) -> None:
    """Order an instance to pause; without effect on one that is paused or has ended."""
    instance = need(tx, instance_id)
    if instance.terminal or instance.suspended:
        return
    tx.db.execute("UPDATE instances SET suspended=1 WHERE n=?", (instance.n,))
    event = pb.ExecutionSuspendedEvent(input=events.text(reason))
    deliver(tx, instance, Kind.SUSPEND, events.happened(tx.now, executionSuspended=event))


def resume(tx: Tx, instance_id: str, reason: str | None) -> None:
    """Order a paused instance to go on; without effect on any other (a worker fails on an unexpected one)."""
    instance = need(tx, instance_id)
    if instance.terminal or not instance.suspended:
        return
    tx.db.execute("UPDATE instances SET suspended=0 WHERE n=?", (instance.n,))
    event = pb.ExecutionResumedEvent(input=events.text(reason))
    deliver(tx, instance, Kind.RESUME, events.happened(tx.now, executionResumed=event))


def restart(tx: Tx, instance_id: str, *, new_id: bool) -> str:
    """Begin a finished instance again with its name, input, version and tags; give the id of the new run."""
    instance = need(tx, instance_id)
    if not instance.terminal:
        text = f"Orchestration instance '{instance_id}' is not in a terminal state: terminate it first"
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
    (payload,) = tx.db.execute("SELECT input FROM payloads WHERE n=?", (instance.n,)).fetchone()
    tags = tags_of(tx, instance)
    if not new_id:
        discard(tx, instance)
    fresh = uuid.uuid4().hex if new_id else instance_id
    create(tx, Start(fresh, instance.name, payload, instance.version, tags))
    return fresh
