"""durabletask's in-memory backend, with what a hosted app needs and it leaves out."""

from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend


class MemoryBackend(InMemoryOrchestrationBackend):
    """Tells a sub-orchestration who its parent is: durable HTTP calls refuse to run without one."""

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
