"""An instance's status in the durable HTTP API, as JSON."""

import json

from durabletask.internal import orchestrator_service_pb2 as pb

RUNNING = frozenset(
    (
        pb.ORCHESTRATION_STATUS_PENDING,
        pb.ORCHESTRATION_STATUS_RUNNING,
        pb.ORCHESTRATION_STATUS_SUSPENDED,
        pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW,
    )
)
_PREFIX = "ORCHESTRATION_STATUS_"


def status_name(status: pb.OrchestrationStatus) -> str:
    """The status as Azure writes it: "Running", "ContinuedAsNew"."""
    words = pb.OrchestrationStatus.Name(status).removeprefix(_PREFIX).split("_")
    return "".join(word.title() for word in words)


def status_document(state: pb.OrchestrationState) -> dict[str, object]:
    """One instance.

    Source: `ConvertFrom` of the Durable Functions extension's HttpApiHandler.
    """
    failed = state.HasField("failureDetails") and state.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": status_name(state.orchestrationStatus),
        "input": _decoded(state.input.value),
        "customStatus": _decoded(state.customStatus.value),
        "output": _failure_text(state.failureDetails) if failed else _decoded(state.output.value),
        "createdTime": f"{state.createdTimestamp.ToDatetime():%Y-%m-%dT%H:%M:%SZ}",
        "lastUpdatedTime": f"{state.lastUpdatedTimestamp.ToDatetime():%Y-%m-%dT%H:%M:%SZ}",
    }


def _failure_text(details: pb.TaskFailureDetails) -> str:
    """Type and message, as the extension stores them for a failed run; engines differ in where the type is."""
    text, kind = details.errorMessage, details.errorType
    return text if not kind or text.startswith(f"{kind}: ") else f"{kind}: {text}"


def _decoded(text: str) -> object:
    """A payload: parsed JSON, else its text; null if empty."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
