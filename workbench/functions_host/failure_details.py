"""Failure details of durable tasks, as the Durable Functions extension makes them from a worker's exception."""

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from workbench.functions_host.worker_protocol import RpcException


def failure_details(failure: RpcException) -> pb.TaskFailureDetails:
    """Splits "Type: text" at the first ": "; no inner failure, no properties.

    Source: `GetFailureDetails` and `TrySplitExceptionTypeFromMessage` in the extension's OutOfProcMiddleware.
    """
    kind, separator, text = failure.message.partition(": ")
    if not separator:
        kind, text = "(unknown)", failure.message
    # The in-memory backend takes a failure with an empty message for a success, so an empty one gets words.
    return pb.TaskFailureDetails(
        errorType=kind,
        errorMessage=text or f"{kind} without a message",
        stackTrace=StringValue(value=failure.stack_trace),
    )


def not_found_details(kind: str, name: str, known: list[str]) -> pb.TaskFailureDetails:
    """For a task whose function the app does not have; `kind` is "orchestrator", "activity" or "entity"."""
    text = (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Known {kind} functions: {', '.join(sorted(known)) or 'none'}."
    )
    return pb.TaskFailureDetails(
        errorType=f"{kind.capitalize()}FunctionNotFound", errorMessage=text, isNonRetriable=True
    )
