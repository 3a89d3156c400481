"""Entity messages in the history of an orchestration, in the form in which the Durable extension writes them.

The extension turns the actions of the protocol into events that are sent and raised, with these JSON texts in them.
"""

import json
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub.history_events import given

# The extension adds no time to a worker's messages: this is why its sorter treats calls as duplicates.
_UNSTAMPED = {"Timestamp": "0001-01-01T00:00:00", "Predecessor": "0001-01-01T00:00:00"}
_DISPATCH_FAILED = "entity dispatch failed"


def sent(now: int, action: pb.OrchestratorAction, instance_id: str) -> bytes | None:
    """Return the history event that confirms an entity action."""
    message = action.sendEntityMessage
    kind = message.WhichOneof("EntityMessageType")
    if kind == "entityOperationSignaled":
        signal = message.entityOperationSignaled
        text = _request(signal.operation, signal.requestId, None, given(signal, "input"))
        name = f"op@{signal.scheduledTime.ToJsonString()}" if signal.HasField("scheduledTime") else "op"
        return _sent(now, action.id, signal.targetInstanceId.value, name, text)
    if kind == "entityOperationCalled":
        call = message.entityOperationCalled
        text = _request(call.operation, call.requestId, instance_id, given(call, "input"))
        return _sent(now, action.id, call.targetInstanceId.value, "op", text)
    if kind == "entityLockRequested":
        lock = message.entityLockRequested
        places = [entity.removeprefix("@").split("@", 1) for entity in lock.lockSet]
        text = _request(None, lock.criticalSectionId, instance_id, None)
        text["lockset"] = [{"name": name, "key": key} for name, key in places]
        return _sent(now, action.id, lock.lockSet[0], "op", text)
    if kind == "entityUnlockSent":
        unlock = message.entityUnlockSent
        text = _request(None, unlock.criticalSectionId, instance_id, None)
        return _sent(now, action.id, unlock.targetInstanceId.value, "release", text)
    return None


def _request(operation: str | None, request: str, parent: str | None, payload: str | None) -> dict[str, Any]:
    return {
        "op": operation,
        **({"signal": True} if parent is None else {}),
        **({"input": payload} if payload is not None else {}),
        "id": request,
        **({"parent": parent} if parent is not None else {}),
        **_UNSTAMPED,
    }


def _sent(now: int, task: int, target: str, name: str, text: dict[str, Any]) -> bytes:
    event = pb.EventSentEvent(instanceId=target, name=name, input=events.text(_json(text)))
    return events.scheduled(now, task, eventSent=event)


def answered(now: int, request: str, result: str | None) -> bytes:
    """Return the event with the result of an operation."""
    return events.raised(now, request, _json({"result": result or ""}))


def failed(now: int, request: str, failure: pb.TaskFailureDetails) -> bytes:
    """Return the event with the failure of an operation."""
    return events.raised(now, request, _json({"result": None, "failureDetails": _details(failure, of_host=False)}))


def broken(now: int, request: str, failure: pb.TaskFailureDetails) -> bytes:
    """Return the event for a batch that failed completely.

    The result is plain text there. A worker of durabletask 1.12 reads it as JSON and fails while it reads the event,
    past any `try` of the orchestrator.
    """
    details = _details(failure, of_host=True)
    text = {"result": failure.errorMessage, "exceptionType": _DISPATCH_FAILED, "failureDetails": details}
    return events.raised(now, request, _json(text))


def granted(now: int, section: str) -> bytes:
    """Return the event for a critical section that holds all its locks."""
    return events.raised(now, section, _json({"result": "Lock Acquisition Completed"}))


def _details(failure: pb.TaskFailureDetails, *, of_host: bool) -> dict[str, Any]:
    return {
        "ErrorType": failure.errorType,
        "ErrorMessage": failure.errorMessage,
        "StackTrace": given(failure, "stackTrace"),
        "InnerFailure": _details(failure.innerFailure, of_host=of_host) if failure.HasField("innerFailure") else None,
        "IsNonRetriable": failure.isNonRetriable,
        "Properties": None if of_host else {},
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
