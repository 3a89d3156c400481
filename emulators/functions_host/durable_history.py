"""An instance's history as the durable HTTP API shows it: one entry for each event, without replays."""

from datetime import UTC
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from emulators.functions_host.durable_status import decoded, status_name

type Entry = dict[str, object]

_LEFT_OUT = ("orchestratorStarted", "orchestratorCompleted", "historyState")
_BEGINNINGS = ("taskScheduled", "subOrchestrationInstanceCreated")
_ENDS = (
    "taskCompleted",
    "taskFailed",
    "subOrchestrationInstanceCompleted",
    "subOrchestrationInstanceFailed",
)


def history_entries(events: list[pb.HistoryEvent], *, show_input: bool, show_output: bool) -> list[Entry]:
    """The entries, oldest first; a task's end replaces its start and has its scheduled time.

    Source: the "historyEvents" of
    https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#get-instance-status
    """
    begun: dict[int, pb.HistoryEvent] = {}
    entries: list[tuple[int | None, Entry]] = []
    for event in events:
        kind = event.WhichOneof("eventType") or ""
        if kind in _LEFT_OUT or not kind:
            continue
        body: Any = getattr(event, kind)
        entry = _entry(event, kind, body, show_input=show_input, show_output=show_output)
        if kind in _BEGINNINGS:
            begun[event.eventId] = event
        beginning = begun.get(body.taskScheduledId) if kind in _ENDS else None
        if beginning is not None:
            entry.update(_of_beginning(beginning, show_input=show_input))
            entries = [item for item in entries if item[0] != beginning.eventId]
        entries.append((event.eventId if kind in _BEGINNINGS else None, entry))
    return [entry for _, entry in entries]


def _entry(event: pb.HistoryEvent, kind: str, body: Any, *, show_input: bool, show_output: bool) -> Entry:
    entry: Entry = {"EventType": kind[0].upper() + kind[1:], "Timestamp": _moment(event.timestamp)}
    fields = body.DESCRIPTOR.fields_by_name
    if "name" in fields:
        entry["FunctionName" if kind in (*_BEGINNINGS, "executionStarted") else "Name"] = body.name
    if "instanceId" in fields:
        entry["InstanceId"] = body.instanceId
    if "fireAt" in fields:
        entry["FireAt"] = _moment(body.fireAt)
    if "orchestrationStatus" in fields:
        entry["OrchestrationStatus"] = status_name(body.orchestrationStatus)
    if show_input and "input" in fields and body.HasField("input"):
        entry["Input"] = decoded(body.input.value)
    if show_output and "result" in fields and body.HasField("result"):
        entry["Result"] = decoded(body.result.value)
    if "failureDetails" in fields and body.HasField("failureDetails"):
        entry["Reason"] = body.failureDetails.errorMessage
        entry["Details"] = body.failureDetails.stackTrace.value
    return entry


def _of_beginning(event: pb.HistoryEvent, *, show_input: bool) -> Entry:
    body: Any = getattr(event, event.WhichOneof("eventType") or "")
    found: Entry = {"ScheduledTime": _moment(event.timestamp), "FunctionName": body.name}
    if show_input and body.HasField("input"):
        found["Input"] = decoded(body.input.value)
    return found


def _moment(timestamp: Timestamp) -> str:
    return f"{timestamp.ToDatetime(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
