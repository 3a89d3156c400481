"""Failures of work that ends without its worker, with the extension's messages.

When a worker's process ends in a call while its host lives, an activity and an entity's operations fail with these;
an orchestrator's turn is repeated.
"""

from durabletask.internal import orchestrator_service_pb2 as pb

_INVOCATION = "Microsoft.Azure.WebJobs.Host.FunctionInvocationException"


def of_activity(name: str) -> pb.ActivityResponse:
    """Return the outcome of an activity."""
    return pb.ActivityResponse(failureDetails=_executing(name))


def of_entity(name: str) -> pb.EntityBatchResult:
    """Return the outcome of a batch of operations."""
    failure = pb.TaskFailureDetails(
        errorType="FunctionInvocationFailed",
        errorMessage=f"Invocation of function '{name}' failed with an exception.",
        innerFailure=_executing(name),
        isNonRetriable=True,
    )
    return pb.EntityBatchResult(failureDetails=failure)


def of_version() -> pb.TaskFailureDetails:
    """Return the failure of a run whose version the hub does not accept, with the extension's message."""
    text = "Orchestration version did not comply with Worker Versioning"
    return pb.TaskFailureDetails(errorType="VersionMismatch", errorMessage=text, isNonRetriable=True)


def of_size(size: int) -> pb.TaskFailureDetails:
    """Return the failure of what no connected worker accepts; the extension itself has no such limit."""
    text = f"A work item of {size} bytes is larger than any connected worker accepts"
    return pb.TaskFailureDetails(errorType="MessageTooLarge", errorMessage=text, isNonRetriable=True)


def _executing(name: str) -> pb.TaskFailureDetails:
    text = f"Exception while executing function: Functions.{name}"
    return pb.TaskFailureDetails(errorType=_INVOCATION, errorMessage=text)
