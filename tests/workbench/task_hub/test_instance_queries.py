"""Looking at many instances: pages, filters, ids, histories, and purging them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from tests.workbench.task_hub.rig import Program, Story, code_of, running

COMPLETED = OrchestrationStatus.COMPLETED
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def echo(_context: Any, value: Any) -> Any:
    return value


def waiter(context: Any, _: Any) -> Story:
    return (yield context.wait_for_external_event("go"))


def family(context: Any, _: Any) -> Story:
    yield context.call_sub_orchestrator(echo, input=1, instance_id=f"{context.instance_id}-child")


def timed(context: Any, count: int) -> Story:
    for _ in range(count):
        yield context.create_timer(timedelta(hours=1))


PROGRAM = Program([echo, waiter, family, timed])


def test_queries_page_by_page_and_filter() -> None:
    with running(PROGRAM) as rig:
        for number in range(5):
            rig.run(echo, {"n": number}, instance_id=f"done-{number}")
        rig.start(waiter, instance_id="open")
        rig.client.wait_for_orchestration_start("open", timeout=10)
        query = OrchestrationQuery(max_instance_count=2, runtime_status=[COMPLETED], fetch_inputs_and_outputs=True)
        states = rig.client.get_all_orchestration_states(query)
        assert [(s.instance_id, s.serialized_input) for s in states] == [
            (f"done-{number}", f'{{"n": {number}}}') for number in range(5)
        ]
        assert len(rig.client.get_all_orchestration_states()) == 6
        named = rig.client.get_all_orchestration_states(OrchestrationQuery(instance_id_prefix="op"))
        assert [(s.instance_id, s.serialized_input) for s in named] == [("open", None)]
        assert rig.client.get_all_orchestration_states(OrchestrationQuery(created_time_from=LATER)) == []
        assert len(rig.client.get_all_orchestration_states(OrchestrationQuery(created_time_to=LATER))) == 6


def test_a_page_stays_below_what_clients_take() -> None:
    with running(PROGRAM) as rig:
        for number in range(6):
            rig.run(echo, "x" * 1_000_000, instance_id=f"large-{number}")
        states = rig.client.get_all_orchestration_states(OrchestrationQuery(fetch_inputs_and_outputs=True))
        assert [len(state.serialized_output or "") for state in states] == [1_000_002] * 6


def test_ids_of_finished_instances_in_the_order_in_which_they_ended() -> None:
    with running(PROGRAM) as rig:
        rig.start(waiter, instance_id="open")
        for number in (2, 0, 1):
            rig.run(timed, 1, instance_id=f"i{number}")
        first = rig.client.list_instance_ids(page_size=2)
        second = rig.client.list_instance_ids(page_size=2, continuation_token=first.continuation_token)
        assert (first.items, second.items, second.continuation_token) == (["i2", "i0"], ["i1"], None)
        assert rig.client.list_instance_ids(completed_time_from=LATER).items == []
        assert rig.client.list_instance_ids([OrchestrationStatus.FAILED]).items == []
        with pytest.raises(grpc.RpcError) as error:
            rig.client.list_instance_ids(continuation_token="made-up")
        assert code_of(error) == grpc.StatusCode.INVALID_ARGUMENT


def test_a_history_is_whole_and_in_order() -> None:
    with running(PROGRAM) as rig:
        rig.run(timed, 3, instance_id="a")
        names = [type(event).__name__.removesuffix("Event") for event in rig.client.get_orchestration_history("a")]
        turn = ["TimerCreated", "OrchestratorCompleted"]
        assert names == [
            *("OrchestratorStarted", "ExecutionStarted", *turn),
            *("OrchestratorStarted", "TimerFired", *turn) * 2,
            *("OrchestratorStarted", "TimerFired", "OrchestratorCompleted", "ExecutionCompleted"),
        ]
        with pytest.raises(grpc.RpcError):
            rig.client.get_orchestration_history("nobody")


def test_purging_one_takes_its_children_when_asked() -> None:
    with running(PROGRAM) as rig:
        for name, recursive, deleted in (("a", True, 2), ("b", False, 1)):
            rig.run(family, instance_id=name)
            result = rig.client.purge_orchestration(name, recursive=recursive)
            assert (result.deleted_instance_count, result.is_complete) == (deleted, True)
            assert rig.gone(name)
            assert rig.gone(f"{name}-child") is recursive
        rig.start(waiter, instance_id="open")
        assert rig.client.purge_orchestration("open").deleted_instance_count == 0
        assert rig.client.purge_orchestration("nobody").deleted_instance_count == 0


def test_purging_by_filter_spares_the_living() -> None:
    with running(PROGRAM) as rig:
        for number in range(230):  # more than one transaction's worth
            rig.start(echo, number)
        rig.start(waiter, instance_id="open")
        for state in rig.client.get_all_orchestration_states(OrchestrationQuery(instance_id_prefix="")):
            if state.instance_id != "open":
                rig.end_of(state.instance_id)
        assert rig.client.purge_orchestrations_by(created_time_from=LATER).deleted_instance_count == 0
        assert (
            rig.client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.FAILED]).deleted_instance_count == 0
        )
        assert rig.client.purge_orchestrations_by(runtime_status=[COMPLETED]).deleted_instance_count == 230
        assert [s.instance_id for s in rig.client.get_all_orchestration_states()] == ["open"]


def test_purging_stops_when_its_time_is_over() -> None:
    with running(PROGRAM) as rig:
        for number in range(130):
            rig.end_of(rig.start(echo, number))
        result = rig.client.purge_orchestrations_by(timeout=timedelta(microseconds=1))
        # It looks at its time between transactions, of which each deletes a hundred at most.
        assert (result.deleted_instance_count in (0, 100), result.is_complete) == (True, False)


def test_a_batch_and_an_entity_can_be_purged() -> None:
    with running(PROGRAM) as rig:
        for name in ("a", "b", "c"):
            rig.run(echo, 1, instance_id=name)
        stub: Any = rig.client._stub  # pyright: ignore[reportPrivateUsage]
        batch = pb.PurgeInstancesRequest(instanceBatch=pb.InstanceBatch(instanceIds=["a", "c", "nobody"]))
        assert stub.PurgeInstances(batch).deletedInstanceCount == 2
        assert stub.PurgeInstances(pb.PurgeInstancesRequest(instanceId="@ledger@nobody")).deletedInstanceCount == 0
        assert not rig.gone("b")


def test_waiting_for_a_purged_instance_ends() -> None:
    with running(PROGRAM) as rig:
        rig.run(echo, 1, instance_id="a")
        rig.client.purge_orchestration("a")
        assert rig.client.wait_for_orchestration_completion("a", timeout=0.3) is None
