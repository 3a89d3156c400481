"""Messages above 4 MiB: what a client and a worker with gRPC's default limit receive, and what continues meanwhile."""

import re
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.internal import orchestrator_service_pb2 as pb

from tests.emulators.task_hub.rig import Program, bare, code_of, finish, running, schedule

LIMIT = 4 * 1024 * 1024
KEY = EntityInstanceId("kept", "k")


def echo(_context: Any, value: Any) -> Any:
    return value


def large(_context: Any, size: int) -> str:
    return "x" * size


def kept(context: Any, given: str) -> None:
    context.set_state(context.get_state(int, 0) + len(given))


PROGRAM = Program([echo, large], [], [kept])


def test_a_client_with_the_usual_bound_gets_no_larger_answer() -> None:
    with running(PROGRAM) as rig:
        instance = rig.start(large, LIMIT - 1000)
        assert len(rig.end_of(instance).serialized_output or "") == LIMIT - 998
        rig.start(large, LIMIT, instance_id="large")
        rig.until(lambda: rig.client.get_orchestration_state("large", fetch_payloads=False) is not None)
        with pytest.raises(grpc.RpcError) as error:
            rig.end_of("large")
        assert code_of(error) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert re.search(rf"Received message larger than max \(\d+ vs. {LIMIT}\)", str(error.value))


def test_one_instance_too_large_for_its_worker_fails_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    with running(PROGRAM) as rig:
        rig.start(echo, "x" * LIMIT, instance_id="large")
        for number in range(5):
            assert rig.run(echo, number).serialized_output == str(number)
        state = rig.client.get_orchestration_state("large", fetch_payloads=False)
        assert state is not None
        assert state.runtime_status == OrchestrationStatus.FAILED
        said = [record for record in caplog.records if record.name.startswith("task_hub")]
        assert len(said) == 1
        assert "more than any worker accepts" in said[0].getMessage()
        assert said[0].exc_info is None


def test_an_activity_too_large_fails_alone() -> None:
    action = schedule(1)
    turns = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name="orchestration")])
    names = (action.scheduleTask.name, "little")
    tasks = pb.WorkItemFilters(activities=[pb.ActivityFilter(name=name) for name in names])
    with (
        running() as rig,
        bare(rig.address, most_bytes=-1, workItemFilters=turns) as roomy,
        bare(rig.address, workItemFilters=tasks) as small,
    ):
        rig.start("orchestration")
        action.scheduleTask.input.value = "x" * LIMIT
        roomy.complete(roomy.take(), action, schedule(2, "little"))
        assert small.take().activityRequest.name == "little"
        failed = roomy.take().orchestratorRequest.newEvents[-1].taskFailed.failureDetails
        assert (failed.errorType, failed.isNonRetriable) == ("MessageTooLarge", True)


def test_an_operation_too_large_fails_alone() -> None:
    with running(PROGRAM) as rig:
        rig.client.signal_entity(KEY, "add", input="x" * LIMIT)
        rig.client.signal_entity(KEY, "add", input="abc")
        rig.until(lambda: rig.client.get_entity(KEY) is not None)
        found = rig.client.get_entity(KEY)
        assert found is not None
        assert found.get_state() == "3"


def test_a_batch_of_operations_is_limited_to_what_a_worker_accepts() -> None:
    with running(PROGRAM) as rig:
        rig.clock.allow(rig.clock.now())
        rig.workers[0].stop()
        for _ in range(6):
            rig.client.signal_entity(KEY, "add", input="x" * 1_000_000)
        rig.work(PROGRAM)
        rig.until(lambda: (e := rig.client.get_entity(KEY)) is not None and e.get_state() == "6000000")


def test_a_worker_that_accepts_more_receives_what_others_do_not() -> None:
    with running(PROGRAM) as rig:
        with bare(rig.address, most_bytes=-1) as roomy:
            rig.start("orchestration", "x" * LIMIT)
            item = roomy.take()
            assert len(item.orchestratorRequest.newEvents[1].executionStarted.input.value) == LIMIT + 2
            roomy.complete(item, finish())
        assert rig.run(echo, 1).serialized_output == "1"


def test_a_large_item_waits_for_capacity_of_the_worker_that_accepts_it() -> None:
    limits = {"most_bytes": -1, "maxConcurrentOrchestrationWorkItems": 1}
    with running() as rig, bare(rig.address) as small, bare(rig.address, **limits) as roomy:
        rig.start("large", "x" * LIMIT, instance_id="first")
        first = roomy.take()
        rig.start("large", "x" * LIMIT, instance_id="second")
        rig.start("small", instance_id="third")
        assert small.take().orchestratorRequest.instanceId == "third"
        roomy.complete(first, finish())
        assert roomy.take().orchestratorRequest.instanceId == "second"


def test_a_turn_grown_too_large_ends_its_instance_with_a_text() -> None:
    with running() as rig, bare(rig.address) as worker:
        instance = rig.start("orchestration")
        worker.complete(worker.take(), *(schedule(number) for number in range(5)))
        for _ in range(5):
            item = worker.take()
            worker.complete_activity(item, "x" * 1_000_000)
        rig.until(lambda: rig.state(instance).runtime_status == OrchestrationStatus.FAILED or _drain(worker))
        assert "larger than any connected worker accepts" in (rig.state(instance).serialized_output or "")


def _drain(worker: Any) -> bool:
    """Turns before the last result are completed without actions."""
    item: pb.WorkItem = worker.take()
    if item.HasField("orchestratorRequest"):
        worker.complete(item)
    return False
