"""durabletask's in-memory backend, with what a hosted app needs in addition."""

from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.failure_details import legacy_entity_response


class MemoryBackend(InMemoryOrchestrationBackend):
    """Sends a sub-orchestration its parent: durable HTTP calls refuse to run without one.

    `default_version` goes to the runs that a client or an entity starts without a version.
    """

    default_version: str | None = None

    def StartInstance(  # noqa: N802 - gRPC
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        """Start a run from a client."""
        if self.default_version and not request.version.value:
            request.version.value = self.default_version
        return super().StartInstance(request, context)

    def CompleteEntityTask(  # noqa: N802 - gRPC
        self, request: pb.EntityBatchResult, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Store the outcome of a batch of operations; what it starts are separate runs."""
        for action in request.actions if self.default_version else ():
            if action.HasField("startNewOrchestration") and not action.startNewOrchestration.version.value:
                action.startNewOrchestration.version.value = self.default_version or ""
        answer = super().CompleteEntityTask(request, context)
        if request.HasField("failureDetails"):
            for info in request.operationInfos:
                self._fail_caller(info, request.failureDetails)
        return answer

    def _fail_caller(self, info: pb.OperationInfo, details: pb.TaskFailureDetails) -> None:
        """Answers a call whose batch failed; with durabletask's backend alone the caller would wait forever."""
        caller_id = info.responseDestination.instanceId
        with self._lock:
            caller = self._instances.get(caller_id)
            if caller is None:
                return
            answer = StringValue(value=legacy_entity_response(details))
            raised = pb.EventRaisedEvent(name=info.requestId, input=answer)
            caller.pending_events.append(pb.HistoryEvent(eventId=-1, timestamp=Timestamp(), eventRaised=raised))
            self._enqueue_orchestration(caller_id)

    def _process_create_sub_orchestration_action(self, instance: Any, action: pb.OrchestratorAction) -> None:
        created = action.createSubOrchestration
        with self._lock:
            before = self._instances.get(created.instanceId)
            super()._process_create_sub_orchestration_action(instance, action)
            child = self._instances.get(created.instanceId)
            if child is None or child is before:
                return
            for event in child.pending_events:
                if event.HasField("executionStarted"):
                    parent = event.executionStarted.parentInstance
                    parent.taskScheduledId = action.id
                    parent.name.value = instance.name
                    parent.orchestrationInstance.instanceId = instance.instance_id
