"""Failure details of durable tasks, as the Durable Functions extension creates them from a worker's exception."""

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.worker_protocol import RpcException


def failure_details(failure: RpcException) -> pb.TaskFailureDetails:
    """Splits "Type: text" at the first ": "; no inner failure, no properties.

    Source: `GetFailureDetails` and `TrySplitExceptionTypeFromMessage` in the extension's OutOfProcMiddleware.
    """
    kind, separator, text = failure.message.partition(": ")
    if not separator:
        kind, text = "(unknown)", failure.message
    return pb.TaskFailureDetails(
        errorType=kind,
        errorMessage=text or f"{kind} without a message",
        stackTrace=StringValue(value=failure.stack_trace),
    )


def not_found_details(kind: str, name: str, known: list[str]) -> pb.TaskFailureDetails:
    """For a task whose function the app does not have; `kind` is "orchestrator", "activity" or "entity"."""
    names = "', '".join(known)
    others = (
        f"The following are the known {kind} functions: '{names}'."
        if known
        else f"No {kind} functions are currently registered!"
    )
    text = f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. Additional info: {others}"
    return pb.TaskFailureDetails(
        errorType=f"{kind.capitalize()}FunctionNotFound", errorMessage=text, isNonRetriable=True
    )


def invocation_failed_details(function: str) -> pb.TaskFailureDetails:
    """For an activity whose worker ended in the call: the Functions host's own exception."""
    return pb.TaskFailureDetails(
        errorType="Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
        errorMessage=f"Exception while executing function: Functions.{function}",
    )


def entity_failed_details(function: str) -> pb.TaskFailureDetails:
    """For a batch of operations whose function failed, for example because its worker ended."""
    return pb.TaskFailureDetails(
        errorType="FunctionInvocationFailed",
        errorMessage=f"Invocation of function '{function}' failed with an exception.",
        innerFailure=invocation_failed_details(function),
    )
