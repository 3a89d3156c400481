"""Control of an instance by clients and other orchestrations: events, terminate, suspend, resume, restart."""

import uuid
from collections.abc import Callable

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import Kind
from emulators.task_hub.instances import STATUS_NAMES, SUSPENDED, Instance, Start, create, deliver, find, tags_of
from emulators.task_hub.starting import discard
from emulators.task_hub.transaction import Tx
from emulators.task_hub.turn_end import end_now

type Early = Callable[[Tx, Instance], bool]
"""Decides whether a client's message is lost because the instance has just been started."""

_ARGUMENT = "ArgumentException: "


def raise_event(tx: Tx, instance_id: str, name: str, data: str | None, early: Early) -> None:
    """Deliver an event of a client."""
    instance = _known(tx, instance_id, "")
    if instance.terminal:
        text = "The orchestration instance with the provided instance id is not running."
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
    if not early(tx, instance):
        deliver(tx, instance, Kind.EVENT, events.raised(tx.now, name, data))


def send_event(tx: Tx, instance_id: str, name: str, data: str | None) -> None:
    """Deliver an event of another orchestration; one to an unknown instance is dropped."""
    instance = find(tx, instance_id)
    if instance is not None and not instance.terminal:
        deliver(tx, instance, Kind.EVENT, events.raised(tx.now, name, data))


def terminate(tx: Tx, instance_id: str, output: str | None, early: Early) -> None:
    """Terminate an instance; its children continue, whatever the request says."""
    instance = _active(tx, instance_id, "terminate")
    if not early(tx, instance) or instance.due_at is not None:
        terminate_instance(tx, instance, output)


def terminate_instance(tx: Tx, instance: Instance, output: str | None) -> None:
    """Terminate it; an instance whose start is not due yet ends at once, without a worker."""
    if instance.terminal:
        return
    if instance.due_at is not None:
        end_now(tx, instance, output)
        return
    deliver(tx, instance, Kind.TERMINATE, events.terminated(tx.now, output, recurse=False))


def suspend(tx: Tx, instance_id: str, reason: str | None, early: Early) -> None:
    """Suspend an instance; one that is suspended or has ended is refused."""
    instance = _active(tx, instance_id, "suspend")
    if instance.suspended:
        raise _in_state("suspend", instance)
    if early(tx, instance):
        return
    tx.db.execute("UPDATE instances SET suspended=1 WHERE n=?", (instance.n,))
    event = pb.ExecutionSuspendedEvent(input=events.text(reason))
    deliver(tx, instance, Kind.SUSPEND, events.happened(tx.now, executionSuspended=event))


def resume(tx: Tx, instance_id: str, reason: str | None) -> None:
    """Resume a suspended instance; any other is refused."""
    instance = _active(tx, instance_id, "resume")
    if not instance.suspended:
        raise _in_state("resume", instance)
    tx.db.execute("UPDATE instances SET suspended=0 WHERE n=?", (instance.n,))
    event = pb.ExecutionResumedEvent(input=events.text(reason))
    deliver(tx, instance, Kind.RESUME, events.happened(tx.now, executionResumed=event))


def restart(tx: Tx, instance_id: str, *, new_id: bool) -> str:
    """Restart a finished instance with its name, input, version and tags; return the id of the new run."""
    instance = _known(tx, instance_id, _ARGUMENT)
    if not instance.terminal:
        text = (
            "Non-terminal instance with this instance ID already exists: An Orchestration instance with the status"
            f" {STATUS_NAMES[instance.status]} already exists."
        )
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
    (payload,) = tx.db.execute("SELECT input FROM payloads WHERE n=?", (instance.n,)).fetchone()
    tags = tags_of(tx, instance)
    if not new_id:
        discard(tx, instance)
    fresh = uuid.uuid4().hex if new_id else instance_id
    create(tx, Start(fresh, instance.name, payload, instance.version, tags, by_client=True))
    return fresh


def _known(tx: Tx, instance_id: str, kind: str) -> Instance:
    instance = find(tx, instance_id)
    if instance is None:
        text = f"{kind}No instance with ID '{instance_id}' was found. (Parameter 'instanceId')"
        raise HubError(grpc.StatusCode.NOT_FOUND, text)
    return instance


def _active(tx: Tx, instance_id: str, verb: str) -> Instance:
    instance = _known(tx, instance_id, _ARGUMENT)
    if instance.terminal:
        raise _in_state(verb, instance)
    return instance


def _in_state(verb: str, instance: Instance) -> HubError:
    status = SUSPENDED if instance.suspended and not instance.terminal else instance.status
    text = (
        f"InvalidOperationException: Cannot {verb} the orchestration instance {instance.id} because instance is in the"
        f" {STATUS_NAMES[status]} state."
    )
    return HubError(grpc.StatusCode.FAILED_PRECONDITION, text)
