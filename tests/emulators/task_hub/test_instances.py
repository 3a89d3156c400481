"""Orchestrations on the hub: what a program requests from its engine, and what the engine returns."""

import uuid
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from tests.emulators.task_hub.orchestrations import (
    PROGRAM,
    counting,
    failing,
    failing_child,
    fan_out,
    names,
    names_of_child,
    orphaned,
    reported,
    saying,
    silent,
    steps,
    taking,
    waiter,
)
from tests.emulators.task_hub.rig import CALM, Rig, code_of, running

COMPLETED, FAILED, TERMINATED = (
    OrchestrationStatus.COMPLETED,
    OrchestrationStatus.FAILED,
    OrchestrationStatus.TERMINATED,
)


@pytest.fixture(scope="module")
def rig() -> Generator[Rig]:
    with running(PROGRAM) as rig:
        yield rig


def test_activities_in_a_row(rig: Rig) -> None:
    state = rig.run(steps, 3)
    assert (state.runtime_status, state.serialized_output) == (COMPLETED, "3")


def test_children_in_parallel(rig: Rig) -> None:
    assert rig.run(fan_out, 10).serialized_output == str([2] * 10)


def test_an_activity_that_fails_without_a_message_fails(rig: Rig) -> None:
    assert (rig.run(silent).serialized_output or "").endswith('Silent"')


def test_a_failure_is_the_output_with_its_type_and_message(rig: Rig) -> None:
    state = rig.run(failing, "no such disk")
    assert (state.runtime_status, state.failure_details) == (FAILED, None)
    assert (state.serialized_output or "").startswith("durabletask.task.TaskFailedError: ")
    assert "no such disk" in (state.serialized_output or "")


def test_a_parent_gets_the_failure_of_its_child_itself(rig: Rig) -> None:
    output = rig.run(failing_child, "no such disk").get_output(list[str])
    assert output is not None
    assert output[0] == "durabletask.task.TaskFailedError"
    assert "no such disk" in output[1]


def test_versions_and_parents_are_known(rig: Rig) -> None:
    assert rig.run(names, version="1.2").serialized_output == '["1.2", null]'
    parent = rig.run(names_of_child)
    assert parent.serialized_output == f'["9", "{parent.instance_id}"]'


def test_tags_are_kept(rig: Rig) -> None:
    instance = rig.start(steps, 1, tags={"team": "images"})
    rig.end_of(instance)
    state = raw_state(rig, instance)
    assert dict(state.tags) == {"team": "images"}
    assert state.createdTimestamp.seconds > 0
    assert not state.HasField("executionId")
    assert not state.HasField("completedTimestamp")


def raw_state(rig: Rig, instance: str) -> pb.OrchestrationState:
    stub: Any = rig.client._stub  # pyright: ignore[reportPrivateUsage]
    return stub.GetInstance(pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True)).orchestrationState


def test_a_scheduled_start_waits_for_its_time() -> None:
    with running(PROGRAM) as rig:
        rig.clock.allow(datetime.fromisoformat("2026-01-01T00:59:59+00:00"))
        instance = rig.start(steps, 1, start_at=datetime.fromisoformat("2026-01-01T01:00:00+00:00"))
        rig.run(steps, 1)
        assert rig.state(instance).runtime_status == OrchestrationStatus.PENDING
        rig.clock.allow(None)
        assert rig.end_of(instance).last_updated_at >= datetime.fromisoformat("2026-01-01T01:00:00")


def test_a_start_that_waits_can_be_terminated(rig: Rig) -> None:
    rig.clock.allow(rig.clock.now())
    instance = rig.start(steps, 1, start_at=datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
    rig.client.terminate_orchestration(instance, output="not needed")
    rig.clock.allow(None)
    state = rig.end_of(instance)
    assert (state.runtime_status, state.serialized_output) == (TERMINATED, '"not needed"')


def test_a_finished_run_is_replaced_unless_the_hub_rejects_known_ids() -> None:
    with running(PROGRAM) as rig:
        rig.run(steps, 1, instance_id="a")
        assert rig.run(steps, 2, instance_id="a").serialized_output == "2"
    with running(PROGRAM, existing="reject") as rig:
        rig.run(steps, 1, instance_id="a")
        with pytest.raises(grpc.RpcError) as error:
            rig.start(steps, 1, instance_id="a")
        assert code_of(error) == grpc.StatusCode.ALREADY_EXISTS
    with running(PROGRAM, existing="restart") as rig:
        rig.run(steps, 1, instance_id="a")
        assert rig.run(steps, 2, instance_id="a").serialized_output == "2"
        rig.start(waiter, instance_id="b")
        with pytest.raises(grpc.RpcError) as error:
            rig.start(waiter, instance_id="b")
        assert code_of(error) == grpc.StatusCode.ALREADY_EXISTS


def test_a_requests_reuse_policy_narrows_the_hubs_rule_and_never_widens_it(rig: Rig) -> None:
    policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_RUNNING])
    rig.start(waiter, instance_id="a")
    with pytest.raises(grpc.RpcError) as error:
        rig.start(steps, 2, instance_id="a", reuse_id_policy=policy)
    assert code_of(error) == grpc.StatusCode.ALREADY_EXISTS
    ended = rig.run(steps, 1).instance_id
    for status, refused in ((pb.ORCHESTRATION_STATUS_FAILED, True), (pb.ORCHESTRATION_STATUS_COMPLETED, False)):
        policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[status])
        with pytest.raises(grpc.RpcError) if refused else nullcontext():
            rig.start(steps, 2, instance_id=ended, reuse_id_policy=policy)
    assert rig.end_of(ended).serialized_output == "2"
    with running(PROGRAM, options=replace(CALM, replace_running=True)) as any_state:
        any_state.start(waiter, instance_id="a")
        assert any_state.run(steps, 2, instance_id="a").serialized_output == "2"


def test_a_parent_replaces_what_runs_under_its_childs_id(rig: Rig) -> None:
    rig.start(waiter, instance_id="taken")
    rig.client.wait_for_orchestration_start("taken", timeout=10)
    assert rig.run(taking, "taken").serialized_output == "2"
    assert rig.state("taken").name == "steps"


def test_a_child_that_was_terminated_fails_without_type_and_text(rig: Rig) -> None:
    parent = rig.start(orphaned)
    child = f"{parent}-child"
    rig.client.wait_for_orchestration_start(child, timeout=10)
    rig.client.terminate_orchestration(child, output="why")
    assert rig.end_of(parent).serialized_output == '["", ""]'


def test_an_entitys_id_starts_no_orchestration(rig: Rig) -> None:
    with pytest.raises(grpc.RpcError) as error:
        rig.start(steps, 1, instance_id="@counter@a")
    assert code_of(error) == grpc.StatusCode.INVALID_ARGUMENT


def test_an_event_is_delivered_whatever_its_names_case(rig: Rig) -> None:
    instance = rig.start(waiter)
    rig.client.raise_orchestration_event(instance, "GO", data=[1, 2])
    assert rig.end_of(instance).serialized_output == "[1, 2]"


def test_events_to_unknown_and_to_ended_instances_are_refused(rig: Rig) -> None:
    with pytest.raises(grpc.RpcError) as error:
        rig.client.raise_orchestration_event("nobody", "go")
    assert code_of(error) == grpc.StatusCode.NOT_FOUND
    ended = rig.run(steps, 1)
    with pytest.raises(grpc.RpcError) as error:
        rig.client.raise_orchestration_event(ended.instance_id, "go")
    assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
    assert "The orchestration instance with the provided instance id is not running." in str(error.value)
    assert rig.state(ended.instance_id).runtime_status == COMPLETED


def test_one_orchestration_sends_another_an_event(rig: Rig) -> None:
    target = rig.start(waiter)
    sender = rig.run(reported, target)
    assert rig.end_of(target).serialized_output == f'{{"from": "{sender.instance_id}"}}'
    assert rig.run(reported, "nobody").runtime_status == COMPLETED


def test_continue_as_new_carries_events_and_drops_old_results() -> None:
    """Task numbers start again: an old activity's result must not count as a new one's."""
    with running(PROGRAM) as rig:
        instance = rig.start(counting, 0)
        rig.client.raise_orchestration_event(instance, "go", data="a")
        rig.client.raise_orchestration_event(instance, "go", data="b")
        state = rig.end_of(instance)
        assert (state.serialized_output, state.serialized_input) == ('["a", "b"]', "2")
        history = rig.client.get_orchestration_history(instance)
        assert sum(type(event).__name__ == "ExecutionStartedEvent" for event in history) == 1


def test_custom_status_up_to_16_kb_of_utf_16(rig: Rig) -> None:
    fits = rig.run(saying, 8 * 1024 - 2)  # with its two quotation marks exactly 16 KB
    assert (fits.runtime_status, len(fits.serialized_custom_status or "")) == (COMPLETED, 8 * 1024)
    too_large = rig.run(saying, 8 * 1024 - 1)
    assert too_large.runtime_status == FAILED
    assert "16 KB" in (too_large.serialized_output or "")


def test_waiting_ends_at_the_deadline(rig: Rig) -> None:
    instance = rig.start(waiter)
    with pytest.raises(TimeoutError):
        rig.client.wait_for_orchestration_completion(instance, timeout=0.3)
    assert rig.client.wait_for_orchestration_completion(uuid.uuid4().hex, timeout=0.3) is None
    started = rig.client.wait_for_orchestration_start(instance, timeout=5)
    assert started is not None
    assert started.runtime_status == OrchestrationStatus.RUNNING
