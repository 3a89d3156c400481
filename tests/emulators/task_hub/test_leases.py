"""Work items on a worker's stream: leases, limits, filters, and workers that disconnect."""

from typing import Any

import grpc
import pytest
from durabletask.internal import orchestrator_service_pb2 as pb

from tests.emulators.task_hub.rig import Orchestration, Program, bare, code_of, finish, running, schedule


def step(_context: Any, value: int) -> int:
    return value


def one_step(context: Any, _: Any) -> Orchestration:
    return (yield context.call_activity(step, input=1))


def test_a_completion_from_a_closed_stream_is_refused() -> None:
    with running() as rig, bare(rig.address) as worker:
        rig.clock.allow(rig.clock.now())
        rig.start("orchestration")
        item = worker.take()
        worker.leave()
        rig.until(lambda: rig.hub.pending_timers() != [])
        with pytest.raises(grpc.RpcError) as error:
            worker.complete(item, finish(result='"late"'))
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION


def test_an_item_with_an_expired_lease_is_sent_again_and_its_completion_refused() -> None:
    with running(lease_seconds=0.2) as rig, bare(rig.address) as worker:
        rig.start("orchestration")
        worker.complete(worker.take(), schedule(1))
        first = worker.take()
        second = worker.take()
        assert first.activityRequest.taskId == second.activityRequest.taskId == 1
        with pytest.raises(grpc.RpcError) as error:
            worker.complete_activity(first)
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
        worker.complete_activity(second, '"once"')
        turn = worker.take().orchestratorRequest
        assert [event.taskCompleted.result.value for event in turn.newEvents if event.HasField("taskCompleted")] == [
            '"once"'
        ]


def test_a_completion_counts_once() -> None:
    with running() as rig, bare(rig.address) as worker:
        rig.start("orchestration")
        worker.complete(worker.take(), schedule(1), schedule(2))
        item = worker.take()
        worker.complete_activity(item)
        for token in (item.completionToken, "made-up"):
            item.completionToken = token
            with pytest.raises(grpc.RpcError):
                worker.complete_activity(item)


@pytest.mark.parametrize("kind", ["orchestration", "activity", "entity"])
def test_an_abandoned_item_is_sent_again(kind: str) -> None:
    with running() as rig, bare(rig.address) as worker:
        if kind == "entity":
            rig.client.signal_entity(__import__("durabletask.entities").entities.EntityInstanceId("e", "k"), "op")
        else:
            rig.start("orchestration")
            if kind == "activity":
                worker.complete(worker.take(), schedule(1))
        item = worker.take()
        abandon = {
            "orchestration": (worker.stub.AbandonTaskOrchestratorWorkItem, pb.AbandonOrchestrationTaskRequest),
            "activity": (worker.stub.AbandonTaskActivityWorkItem, pb.AbandonActivityTaskRequest),
            "entity": (worker.stub.AbandonTaskEntityWorkItem, pb.AbandonEntityTaskRequest),
        }[kind]
        abandon[0](abandon[1](completionToken="made-up"))
        abandon[0](abandon[1](completionToken=item.completionToken))
        again = worker.take()
        assert again.WhichOneof("request") == item.WhichOneof("request")
        assert again.completionToken != item.completionToken


def test_a_worker_gets_no_more_than_it_can_take() -> None:
    with running() as rig, bare(rig.address, maxConcurrentOrchestrationWorkItems=2) as small:
        for number in range(3):
            rig.start("orchestration", instance_id=f"i{number}")
        taken = [small.take(), small.take()]
        with bare(rig.address) as large:
            item = large.take()
            assert item.orchestratorRequest.instanceId == "i2"
            large.complete(item, finish())
        assert [item.orchestratorRequest.instanceId for item in taken] == ["i0", "i1"]
        rig.start("orchestration", instance_id="i3")
        small.complete(taken[0], finish())
        assert small.take().orchestratorRequest.instanceId == "i3"


def test_filters_by_name_and_version() -> None:
    only = pb.WorkItemFilters(
        orchestrations=[pb.OrchestrationFilter(name="orchestration", versions=["2"])],
        activities=[pb.ActivityFilter(name="step")],
    )
    with running() as rig, bare(rig.address, workItemFilters=only) as picky:
        rig.start("orchestration", instance_id="old", version="1")
        rig.start("tale", instance_id="other")
        rig.start("orchestration", instance_id="new", version="2")
        item = picky.take()
        assert item.orchestratorRequest.instanceId == "new"
        picky.complete(item, schedule(1, "other_step"), schedule(2, "step"))
        assert picky.take().activityRequest.name == "step"
        with bare(rig.address) as any_worker:
            assert [any_worker.take().orchestratorRequest.instanceId for _ in range(2)] == ["old", "other"]


def test_filters_that_name_nothing_let_everything_pass() -> None:
    """As a .NET worker sends them."""
    with running() as rig, bare(rig.address, workItemFilters=pb.WorkItemFilters()) as worker:
        rig.start("orchestration")
        worker.complete(worker.take(), schedule(1))
        assert worker.take().activityRequest.name == "step"


def test_the_work_of_a_worker_that_died_is_done_by_another() -> None:
    program = Program([one_step], [step])
    with running() as rig, bare(rig.address) as dying:
        instance = rig.start(one_step)
        dying.take()
        dying.close()
        rig.work(program)
        assert rig.end_of(instance).serialized_output == "1"


def test_a_replaced_instance_receives_nothing_of_the_old_one() -> None:
    with running(existing="replace") as rig, bare(rig.address) as worker:
        rig.start("orchestration", instance_id="a")
        old = worker.take()
        rig.start("orchestration", instance_id="a")
        with pytest.raises(grpc.RpcError) as error:
            worker.complete(old, finish(result='"old"'))
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
        worker.complete(worker.take(), finish(result='"new"'))
        assert rig.end_of("a").serialized_output == '"new"'


def test_a_silent_stream_is_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulators.task_hub.worker_service.PING_SECONDS", 0.05)
    with running() as rig, bare(rig.address) as worker:
        assert worker.take().WhichOneof("request") == "healthPing"
