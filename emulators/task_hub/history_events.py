"""Builds the history events of the durabletask protocol, serialized, with the hub's time in them."""

from enum import IntEnum

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue


class Kind(IntEnum):
    """The effect of an event in an inbox on its instance."""

    START = 0
    EVENT = 1  # from outside: kept at continue-as-new
    RESULT = 2  # of something this execution scheduled
    SUSPEND = 3
    RESUME = 4
    TERMINATE = 5
    TERMINATE_ALL = 6  # of files of version 1: as TERMINATE
    REWIND = 7
    REPLAY = 8  # wakes a rewound instance; carries no event


# A suspended instance is woken by these only.
WAKING = frozenset({Kind.RESUME, Kind.TERMINATE, Kind.TERMINATE_ALL, Kind.REWIND, Kind.REPLAY})
LASTING = frozenset({Kind.EVENT, Kind.SUSPEND, Kind.RESUME, Kind.TERMINATE, Kind.TERMINATE_ALL})


def stamp(moment: int) -> Timestamp:
    """Return microseconds since 1970 as the protocol's time."""
    time = Timestamp()
    time.FromMicroseconds(moment)
    return time


def text(value: str | None) -> StringValue | None:
    """Return a string that may be absent as the protocol has it."""
    return None if value is None else StringValue(value=value)


def given(message: object, field: str) -> str | None:
    """Read a string that may be absent."""
    return getattr(message, field).value if message.HasField(field) else None  # type: ignore[attr-defined] # pyright: ignore


def happened(now: int, **event: object) -> bytes:
    """Serialize an event that no task caused, such as `eventRaised=…`."""
    return pb.HistoryEvent(eventId=-1, timestamp=stamp(now), **event).SerializeToString()  # type: ignore[arg-type] # pyright: ignore


def scheduled(now: int, task: int, **event: object) -> bytes:
    """Serialize the confirmation of the action with the number `task`."""
    return pb.HistoryEvent(eventId=task, timestamp=stamp(now), **event).SerializeToString()  # type: ignore[arg-type] # pyright: ignore


def turn_started(now: int) -> bytes:
    """The first event of a turn: the orchestration's time."""
    return happened(now, orchestratorStarted=pb.OrchestratorStartedEvent())


def turn_completed(now: int) -> bytes:
    """The last event of a turn."""
    return happened(now, orchestratorCompleted=pb.OrchestratorCompletedEvent())


def completed(now: int, status: int, output: str | None, failure: pb.TaskFailureDetails | None) -> bytes:
    """The last event of an instance."""
    event = pb.ExecutionCompletedEvent(orchestrationStatus=status, result=text(output), failureDetails=failure)  # type: ignore[arg-type] # pyright: ignore
    return happened(now, executionCompleted=event)


def raised(now: int, name: str, data: str | None) -> bytes:
    """An event from outside."""
    return happened(now, eventRaised=pb.EventRaisedEvent(name=name, input=text(data)))


def terminated(now: int, output: str | None, *, recurse: bool) -> bytes:
    """The request to terminate."""
    return happened(now, executionTerminated=pb.ExecutionTerminatedEvent(input=text(output), recurse=recurse))


def child_ended(now: int, task: int, status: int, output: str | None, failure: pb.TaskFailureDetails | None) -> bytes:
    """The event for a parent whose child has ended; a terminated child counts as failed."""
    if status == pb.ORCHESTRATION_STATUS_COMPLETED:
        done = pb.SubOrchestrationInstanceCompletedEvent(taskScheduledId=task, result=text(output))
        return happened(now, subOrchestrationInstanceCompleted=done)
    # For a terminated child the extension reports neither type nor message.
    return child_failed(now, task, failure or pb.TaskFailureDetails())


def child_failed(now: int, task: int, failure: pb.TaskFailureDetails) -> bytes:
    """The event for a parent whose child failed, or could not be started."""
    failed = pb.SubOrchestrationInstanceFailedEvent(taskScheduledId=task, failureDetails=failure)
    return happened(now, subOrchestrationInstanceFailed=failed)
