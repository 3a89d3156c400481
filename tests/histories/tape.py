"""Runs orchestrations on the engine under a virtual clock, and keeps the whole history of every execution that ends."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from durabletask.client import OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from contracts.message import Message
from emulators.task_hub import HubThread, VirtualClock
from tests.emulators.task_hub.in_memory_backend import TimedBackend
from tests.histories.archive import Execution
from tests.support.engine import ActivityBody, RunningEngine, engine


class Tape:
    """What was recorded so far. `version` is what the runs are started with."""

    def __init__(self, version: str) -> None:
        """Start empty."""
        self.version = version
        self._ended: list[Execution] = []

    @property
    def executions(self) -> list[Execution]:
        """Return the executions by instance, those of one instance in the order in which they ended."""
        return sorted(self._ended, key=lambda execution: execution.instance_id)

    @contextmanager
    def running(self, activities: Mapping[str, ActivityBody], clock: VirtualClock) -> Generator[RunningEngine]:
        """Start an engine whose executions are recorded."""
        # durabletask's own engine: its histories are in the protocol's own form, the hub's in that of Azure Storage.
        backend = TimedBackend(clock)
        self._listen(backend)

        def hub(**_options: Any) -> HubThread:
            return cast("HubThread", backend)

        with engine(activities, clock, hub=hub) as running:
            yield running

    def begin(self, running: RunningEngine, name: str, value: Message, instance_id: str) -> None:
        """Start an orchestration of this tape's version."""
        payload = value.model_dump(mode="json", exclude_none=True)
        running.client.schedule_new_orchestration(name, input=payload, instance_id=instance_id, version=self.version)

    def end(self, running: RunningEngine, instance_id: str) -> dict[str, Any]:
        """Wait for the end and return the output; the orchestration must complete."""
        state = running.end_of(instance_id)
        assert state.runtime_status is OrchestrationStatus.COMPLETED, state.failure_details
        return json.loads(state.serialized_output or "{}")

    def _listen(self, backend: TimedBackend) -> None:
        """Keep a history when it ends: the engine deletes it when an orchestration continues as new."""
        ends = backend._process_complete_orchestration_action  # pyright: ignore[reportPrivateUsage]

        def keep(instance: Any, complete_action: pb.CompleteOrchestrationAction) -> None:
            # A run that was terminated did not end by its own code: there is nothing of it to replay.
            if not any(event.HasField("executionTerminated") for event in instance.history):
                self._ended.append(Execution(instance.instance_id, (*instance.history, _ended(complete_action))))
            ends(instance, complete_action)

        backend._process_complete_orchestration_action = keep  # pyright: ignore[reportPrivateUsage]


def _ended(action: pb.CompleteOrchestrationAction) -> pb.HistoryEvent:
    ended = pb.ExecutionCompletedEvent(orchestrationStatus=action.orchestrationStatus)
    if action.HasField("result"):
        ended.result.CopyFrom(action.result)
    if action.HasField("failureDetails"):
        ended.failureDetails.CopyFrom(action.failureDetails)
    return pb.HistoryEvent(eventId=-1, executionCompleted=ended)
