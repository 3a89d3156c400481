"""Stores what an orchestrator decided: one function for each kind of action."""

import logging
import uuid
from collections.abc import Callable

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import activities, control, entities, entity_messages, locks, timers
from emulators.task_hub import history_events as events
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import Kind, given
from emulators.task_hub.instances import Instance, Parent, Start, deliver, find
from emulators.task_hub.starting import Existing, start_unasked
from emulators.task_hub.transaction import Tx

_log = logging.getLogger("task_hub.entities")


def take(
    tx: Tx, instance: Instance, action: pb.OrchestratorAction, existing: Existing, *, sorts: bool = False
) -> bytes | None:
    """Carry out an action, and return the event that confirms it in the history.

    `sorts`: entities sort messages within a time window, and drop those without a time of sending.
    """
    kind = action.WhichOneof("orchestratorActionType") or ""
    if kind == "createSubOrchestration":
        return _start_child(tx, instance, action, existing)
    if kind == "sendEntityMessage":
        return _send_entity_message(tx, instance, action, sorts=sorts)
    handler = _HANDLERS.get(kind)
    return handler(tx, instance, action) if handler else None


def _schedule_task(tx: Tx, instance: Instance, action: pb.OrchestratorAction) -> bytes:
    asked = action.scheduleTask
    event = pb.TaskScheduledEvent(
        name=asked.name,
        version=asked.version if asked.HasField("version") else None,
        input=asked.input if asked.HasField("input") else None,
        parentTraceContext=asked.parentTraceContext if asked.HasField("parentTraceContext") else None,
        tags=dict(asked.tags),
    )
    activities.schedule(tx, instance, action.id, asked)
    return events.scheduled(tx.now, action.id, taskScheduled=event)


def _create_timer(tx: Tx, instance: Instance, action: pb.OrchestratorAction) -> bytes:
    fire_at = action.createTimer.fireAt
    timers.create(tx, instance, action.id, fire_at.ToMicroseconds())
    return events.scheduled(tx.now, action.id, timerCreated=pb.TimerCreatedEvent(fireAt=fire_at))


def _start_child(tx: Tx, instance: Instance, action: pb.OrchestratorAction, existing: Existing) -> bytes:
    asked = action.createSubOrchestration
    child_id = asked.instanceId or uuid.uuid4().hex
    trace = asked.parentTraceContext if asked.HasField("parentTraceContext") else None
    version, payload = given(asked, "version"), given(asked, "input")
    parent = Parent(instance, action.id)
    try:
        start = Start(child_id, asked.name, payload, version, dict(asked.tags), parent=parent, trace=trace)
        start_unasked(tx, start, existing)
    except HubError as refusal:
        failure = pb.TaskFailureDetails(errorType="OrchestrationAlreadyExists", errorMessage=refusal.message)
        deliver(tx, instance, Kind.RESULT, events.child_failed(tx.now, action.id, failure))
    event = pb.SubOrchestrationInstanceCreatedEvent(
        instanceId=child_id,
        name=asked.name,
        version=events.text(version),
        input=events.text(payload),
        parentTraceContext=trace,
        tags=dict(asked.tags),
    )
    return events.scheduled(tx.now, action.id, subOrchestrationInstanceCreated=event)


def _send_event(tx: Tx, _instance: Instance, action: pb.OrchestratorAction) -> bytes:
    sent, data = action.sendEvent, given(action.sendEvent, "data")
    target = sent.instance.instanceId
    control.send_event(tx, target, sent.name, data)
    event = pb.EventSentEvent(instanceId=target, name=sent.name, input=events.text(data))
    return events.scheduled(tx.now, action.id, eventSent=event)


def _terminate(tx: Tx, _instance: Instance, action: pb.OrchestratorAction) -> None:
    asked = action.terminateOrchestration
    target = find(tx, asked.instanceId)
    if target is not None:
        control.terminate_instance(tx, target, given(asked, "reason"))


def _send_entity_message(tx: Tx, instance: Instance, action: pb.OrchestratorAction, *, sorts: bool) -> bytes | None:
    message = action.sendEntityMessage
    kind = message.WhichOneof("EntityMessageType")
    if kind == "entityOperationSignaled":
        entities.signal(tx, message.entityOperationSignaled)
    elif kind in ("entityOperationCalled", "entityLockRequested") and sorts:
        # The caller waits forever: without a time of sending even the first message counts as a duplicate.
        _log.warning("%s: a message to an entity without a time of sending is dropped as a duplicate", instance.id)
    elif kind == "entityOperationCalled":
        entities.call(tx, instance, message.entityOperationCalled)
    elif kind == "entityLockRequested":
        locks.request(tx, instance, message.entityLockRequested)
    elif kind == "entityUnlockSent":
        unlock = message.entityUnlockSent
        # A critical section that ends before it was granted withdraws its request.
        locks.release(tx, instance.n, unlock.criticalSectionId)
        locks.unlock(tx, unlock.criticalSectionId, unlock.targetInstanceId.value)
    return entity_messages.sent(tx.now, action, instance.id)


_HANDLERS: dict[str, Callable[[Tx, Instance, pb.OrchestratorAction], bytes | None]] = {
    "scheduleTask": _schedule_task,
    "createTimer": _create_timer,
    "sendEvent": _send_event,
    "terminateOrchestration": _terminate,
}
