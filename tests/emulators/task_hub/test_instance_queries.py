"""Queries of many instances: pages, filters, ids, histories, and purging them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import purging
from tests.emulators.task_hub.rig import Orchestration, Program, code_of, running

COMPLETED = OrchestrationStatus.COMPLETED
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def echo(_context: Any, value: Any) -> Any:
    return value


def waiter(context: Any, _: Any) -> Orchestration:
    return (yield context.wait_for_external_event("go"))


def family(context: Any, _: Any) -> Orchestration:
    yield context.call_sub_orchestrator(echo, input=1, instance_id=f"{context.instance_id}-child")


def timed(context: Any, count: int) -> Orchestration:
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


def test_outputs_are_always_sent_and_only_inputs_are_asked_for() -> None:
    with running(PROGRAM) as rig:
        for number in (2, 10, 1):
            rig.run(echo, number, instance_id=f"i{number}")
        for fetch, given in ((False, None), (True, "1")):
            states = rig.client.get_all_orchestration_states(OrchestrationQuery(fetch_inputs_and_outputs=fetch))
            assert [(s.instance_id, s.serialized_output) for s in states] == [("i1", "1"), ("i10", "10"), ("i2", "2")]
            assert states[0].serialized_input == given


def test_a_page_has_no_size_limit_and_a_client_accepts_4_mib() -> None:
    with running(PROGRAM) as rig:
        for number in range(5):
            rig.run(echo, "x" * 1_000_000, instance_id=f"large-{number}")
        with pytest.raises(grpc.RpcError) as error:
            rig.client.get_all_orchestration_states(OrchestrationQuery(max_instance_count=5))
        assert code_of(error) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "Received message larger than max" in str(error.value)
        states = rig.client.get_all_orchestration_states(OrchestrationQuery(max_instance_count=3))
        assert [len(state.serialized_output or "") for state in states] == [1_000_002] * 5


def test_the_extension_lists_no_ids() -> None:
    with running(PROGRAM) as rig:
        with pytest.raises(grpc.RpcError) as error:
            rig.client.list_instance_ids(page_size=2)
        assert code_of(error) == grpc.StatusCode.UNIMPLEMENTED


def test_a_history_is_complete_and_in_order() -> None:
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


def test_purging_one_leaves_its_children_whatever_is_asked_and_refuses_the_living() -> None:
    with running(PROGRAM) as rig:
        for name, recursive in (("a", True), ("b", False)):
            rig.run(family, instance_id=name)
            assert rig.client.purge_orchestration(name, recursive=recursive).deleted_instance_count == 1
            assert rig.gone(name)
            assert not rig.gone(f"{name}-child")
        rig.start(waiter, instance_id="open")
        rig.client.wait_for_orchestration_start("open", timeout=10)
        with pytest.raises(grpc.RpcError) as error:
            rig.client.purge_orchestration("open")
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
        assert "instance ID open has status Running" in str(error.value)
        assert rig.client.purge_orchestration("nobody").deleted_instance_count == 0


def test_purging_by_filter_spares_the_living(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "MOST_AT_ONCE", 5)
    with running(PROGRAM) as rig:
        for number in range(12):  # more than one transaction's worth
            rig.start(echo, number)
        rig.start(waiter, instance_id="open")
        for state in rig.client.get_all_orchestration_states(OrchestrationQuery(instance_id_prefix="")):
            if state.instance_id != "open":
                rig.end_of(state.instance_id)
        assert rig.client.purge_orchestrations_by(created_time_from=LATER).deleted_instance_count == 0
        assert (
            rig.client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.FAILED]).deleted_instance_count == 0
        )
        assert rig.client.purge_orchestrations_by(runtime_status=[COMPLETED]).deleted_instance_count == 12
        assert [s.instance_id for s in rig.client.get_all_orchestration_states()] == ["open"]


def test_purging_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "MOST_AT_ONCE", 5)
    with running(PROGRAM) as rig:
        for number in range(8):
            rig.end_of(rig.start(echo, number))
        result = rig.client.purge_orchestrations_by(timeout=timedelta(microseconds=1))
        # It checks the time between transactions, each of which deletes at most MOST_AT_ONCE.
        assert result.deleted_instance_count in (0, 5)


def test_a_batch_is_refused_and_an_unknown_entity_is_none() -> None:
    with running(PROGRAM) as rig:
        rig.run(echo, 1, instance_id="a")
        stub: Any = rig.client._stub  # pyright: ignore[reportPrivateUsage]
        batch = pb.PurgeInstancesRequest(instanceBatch=pb.InstanceBatch(instanceIds=["a", "nobody"]))
        with pytest.raises(grpc.RpcError) as error:
            stub.PurgeInstances(batch)
        assert code_of(error) == grpc.StatusCode.INVALID_ARGUMENT
        assert stub.PurgeInstances(pb.PurgeInstancesRequest(instanceId="@ledger@nobody")).deletedInstanceCount == 0
        assert not rig.gone("a")


def test_waiting_for_a_purged_instance_ends() -> None:
    with running(PROGRAM) as rig:
        rig.run(echo, 1, instance_id="a")
        rig.client.purge_orchestration("a")
        assert rig.client.wait_for_orchestration_completion("a", timeout=0.3) is None
