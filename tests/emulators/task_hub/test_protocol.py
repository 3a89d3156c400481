"""Every call of the protocol exists, and answers correctly without errors."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.empty_pb2 import Empty

from emulators.task_hub.client_service import ClientService
from emulators.task_hub.worker_service import WorkerService
from tests.emulators.task_hub.rig import bare, code_of, finish, running, schedule


def test_every_call_of_the_service_is_served() -> None:
    calls = {method.name for method in pb.DESCRIPTOR.services_by_name["TaskHubSidecarService"].methods}
    served = {name for one in (ClientService, WorkerService) for name in vars(one) if name[0].isupper()}
    assert served == calls


def _status(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return code_of(error)


def test_the_calls_that_no_client_class_makes() -> None:
    with running() as rig, bare(rig.address) as worker:
        stub = worker.stub
        assert stub.Hello(Empty()) == Empty()
        stub.CreateTaskHub(pb.CreateTaskHubRequest())
        refused = grpc.StatusCode.FAILED_PRECONDITION
        assert _status(lambda: stub.CreateTaskHub(pb.CreateTaskHubRequest(recreateIfExists=True))) == refused
        assert _status(lambda: stub.DeleteTaskHub(pb.DeleteTaskHubRequest())) == refused
        skip = pb.SkipGracefulOrchestrationTerminationsRequest()
        unknown = grpc.StatusCode.UNIMPLEMENTED
        assert _status(lambda: stub.SkipGracefulOrchestrationTerminations(skip)) == unknown
        assert _status(lambda: stub.ListInstanceIds(pb.ListInstanceIdsRequest())) == unknown


def test_an_empty_id_is_replaced_by_a_new_one() -> None:
    with running() as rig, bare(rig.address) as worker:
        given = worker.stub.StartInstance(pb.CreateInstanceRequest(name="orchestration")).instanceId
        assert (len(given), rig.state(given).name) == (32, "orchestration")


def test_a_turn_in_parts_is_refused_and_one_without_history_sent_again() -> None:
    with running() as rig, bare(rig.address) as worker:
        rig.start("orchestration")
        item = worker.take()
        assert _status(lambda: worker.complete(item, isPartial=True)) == grpc.StatusCode.UNIMPLEMENTED
        worker.complete(item, requiresHistory=True)
        again = worker.take()
        assert len(again.orchestratorRequest.newEvents) == 2
        worker.complete(again, finish())


def test_a_turn_is_sent_succeeded_and_its_trace_kept() -> None:
    with running() as rig, bare(rig.address) as worker:
        rig.start("orchestration", instance_id="a", version="3")
        first = worker.take()
        context = pb.OrchestrationTraceContext()
        context.spanID.value = "span"
        worker.complete(first, schedule(1), orchestrationTraceContext=context)
        worker.complete_activity(worker.take())
        second = worker.take().orchestratorRequest
        past = [event.WhichOneof("eventType") for event in second.pastEvents]
        assert past == ["orchestratorStarted", "executionStarted", "taskScheduled", "orchestratorCompleted"]
        assert [event.WhichOneof("eventType") for event in second.newEvents] == ["orchestratorStarted", "taskCompleted"]
        assert second.orchestrationTraceContext.spanID.value == "span"
        started = second.pastEvents[1].executionStarted
        assert (started.version.value, started.orchestrationInstance.instanceId) == ("3", "a")
        assert second.executionId.value == started.orchestrationInstance.executionId.value != ""


def test_an_orchestration_may_terminate_another() -> None:
    with running() as rig, bare(rig.address) as worker:
        rig.start("first", instance_id="a")
        turn = worker.take()
        rig.start("second", instance_id="b")
        other = worker.take()
        action = pb.OrchestratorAction(id=1)
        action.terminateOrchestration.instanceId = "b"
        worker.complete(turn, action, finish(2))
        worker.complete(other)
        events: Any = worker.take().orchestratorRequest.newEvents
        assert events[-1].HasField("executionTerminated")
