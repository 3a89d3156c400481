"""Turns work items of a durable engine into calls of the app's durable functions, and their results back."""

import base64

from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.helpers import convert_to_entity_batch_request
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.failure_details import (
    entity_failed_details,
    failure_details,
    invocation_failed_details,
    not_found_details,
)
from emulators.functions_host.function_catalog import BUILT_IN, FunctionCatalog
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.worker_exits import WorkerProcessExitException
from emulators.functions_host.worker_protocol import RpcException, TypedData

_REASON = "(null)"


class DurableTasks:
    """The app's orchestrators, activities and entities by task name (without regard to case)."""

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker) -> None:
        """Finds the functions once."""
        self._invoker = invoker
        self._orchestrators = catalog.durable("orchestrationTrigger", "orchestration")
        self._activities = catalog.durable("activityTrigger", "activity")
        self._entities = catalog.durable("entityTrigger", "entityName")

    @property
    def any_of_the_app(self) -> bool:
        """True when one of them is not built in: other apps have only clients, and receive no work."""
        found = (*self._orchestrators.values(), *self._activities.values(), *self._entities.values())
        return any(not function.name.startswith(BUILT_IN) for function in found)

    async def orchestrate(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        """Runs an orchestrator to its next wait. What it raises is inside the worker's answer.

        Raises:
            WorkerProcessExitException: the worker's process ended; the turn must be abandoned.
        """
        name = _orchestrator_name(request)
        function = self._orchestrators.get(name.casefold())
        if function is None:
            known = [f.name for f in self._orchestrators.values()]
            return _failed_orchestration(request, not_found_details("orchestrator", name, known))
        outcome = await self._invoker.run(function, _encode(request), reason=_REASON, waited_for=False)
        if outcome.worker_exited:
            raise WorkerProcessExitException(f"the worker's process ended in a turn of {name}")
        if outcome.failure is not None or outcome.value is None or not outcome.value.string:
            return _failed_orchestration(request, failure_details(outcome.failure or _no_answer()))
        return pb.OrchestratorResponse.FromString(base64.b64decode(outcome.value.string))

    async def act(self, request: pb.ActivityRequest) -> pb.ActivityResponse:
        """Runs an activity; its input and result are passed as JSON text."""
        response = pb.ActivityResponse(instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId)
        function = self._activities.get(request.name.casefold())
        if function is None:
            known = [f.name for f in self._activities.values()]
            response.failureDetails.CopyFrom(not_found_details("activity", request.name, known))
            return response
        given = TypedData(string=request.input.value if request.HasField("input") else "null")
        outcome = await self._invoker.run(function, given, reason=_REASON, waited_for=False)
        if outcome.worker_exited:
            response.failureDetails.CopyFrom(invocation_failed_details(function.name))
        elif outcome.failure is not None:
            response.failureDetails.CopyFrom(failure_details(outcome.failure))
        elif outcome.value is not None:
            response.result.CopyFrom(StringValue(value=outcome.value.json or outcome.value.string or ""))
        return response

    async def operate(self, request: pb.EntityBatchRequest | pb.EntityRequest) -> pb.EntityBatchResult:
        """Runs a batch of operations on an entity, whichever form of request the engine sent."""
        infos: list[pb.OperationInfo] = []
        if isinstance(request, pb.EntityRequest):
            # The app's worker knows only the older form.
            request, infos = convert_to_entity_batch_request(request)
        name = request.instanceId[1:].split("@", 1)[0]
        function = self._entities.get(name.casefold())
        if function is None:
            known = [f.name for f in self._entities.values()]
            return _failed_entity(request, infos, not_found_details("entity", name, known))
        outcome = await self._invoker.run(function, _encode(request), reason=_REASON, waited_for=False)
        if outcome.failure is not None or outcome.value is None or not outcome.value.string:
            return _failed_entity(request, infos, entity_failed_details(function.name))
        result = pb.EntityBatchResult.FromString(base64.b64decode(outcome.value.string))
        result.operationInfos.extend(infos)
        return result


def _encode(message: Message) -> TypedData:
    return TypedData(string=base64.b64encode(message.SerializeToString()).decode("ascii"))


def _no_answer() -> RpcException:
    return RpcException("NoAnswer: the durable function returned nothing to the host")


def _orchestrator_name(request: pb.OrchestratorRequest) -> str:
    """From the last ExecutionStarted event: after continue-as-new some engines keep earlier ones."""
    name = ""
    for events in (request.pastEvents, request.newEvents):
        for event in events:
            if event.HasField("executionStarted"):
                name = event.executionStarted.name
    return name


def _failed_orchestration(request: pb.OrchestratorRequest, details: pb.TaskFailureDetails) -> pb.OrchestratorResponse:
    action = pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=details)
    return pb.OrchestratorResponse(
        instanceId=request.instanceId, actions=[pb.OrchestratorAction(id=-1, completeOrchestration=action)]
    )


def _failed_entity(
    request: pb.EntityBatchRequest, infos: list[pb.OperationInfo], details: pb.TaskFailureDetails
) -> pb.EntityBatchResult:
    """The outcome of a failed batch: no operation has a result, and the state is unchanged."""
    result = pb.EntityBatchResult(failureDetails=details, operationInfos=infos)
    if request.HasField("entityState"):
        result.entityState.CopyFrom(request.entityState)
    return result
