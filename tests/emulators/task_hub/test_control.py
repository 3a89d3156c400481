"""Control of instances: terminate, suspend, resume, restart."""

import time
from collections.abc import Callable, Generator
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationStatus

from tests.emulators.task_hub.orchestrations import PROGRAM, family, steps, waiter
from tests.emulators.task_hub.rig import Rig, code_of, running

COMPLETED, TERMINATED = OrchestrationStatus.COMPLETED, OrchestrationStatus.TERMINATED
REFUSED = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture(scope="module")
def rig() -> Generator[Rig]:
    with running(PROGRAM) as rig:
        yield rig


def test_termination_never_reaches_the_children(rig: Rig) -> None:
    for recursive in (True, False):
        parent = rig.start(family)
        child = f"{parent}-child"
        rig.client.wait_for_orchestration_start(child, timeout=10)
        rig.client.terminate_orchestration(parent, output="enough", recursive=recursive)
        state = rig.end_of(parent)
        assert (state.runtime_status, state.serialized_output) == (TERMINATED, '"enough"')
        assert rig.state(child).runtime_status == OrchestrationStatus.RUNNING
        rig.client.terminate_orchestration(child)
        assert rig.end_of(child).runtime_status == TERMINATED


def test_a_pause_holds_events_back_until_resumed(rig: Rig) -> None:
    instance = rig.start(waiter)
    rig.client.wait_for_orchestration_start(instance, timeout=10)
    rig.client.suspend_orchestration(instance, reason="lunch")
    assert "Cannot suspend" in _refused(rig.client.suspend_orchestration, instance)
    _until(rig, instance, OrchestrationStatus.SUSPENDED)
    rig.client.raise_orchestration_event(instance, "go", data=1)
    assert rig.state(instance).runtime_status == OrchestrationStatus.SUSPENDED
    rig.client.resume_orchestration(instance)
    assert rig.end_of(instance).serialized_output == "1"


def _until(rig: Rig, instance: str, status: OrchestrationStatus) -> None:
    until = time.monotonic() + 10
    while rig.state(instance).runtime_status != status and time.monotonic() < until:
        time.sleep(0.005)
    assert rig.state(instance).runtime_status == status


def _refused(order: Callable[..., Any], instance: str, code: grpc.StatusCode = REFUSED) -> str:
    with pytest.raises(grpc.RpcError) as error:
        order(instance)
    assert code_of(error) == code
    return str(error.value)


def test_control_of_unknown_and_ended_instances_is_refused_with_the_extensions_message(rig: Rig) -> None:
    client = rig.client
    ended = rig.run(steps, 1).instance_id
    unknown = "No instance with ID 'nobody' was found. (Parameter 'instanceId')"
    for verb in ("suspend", "resume", "terminate"):
        order = getattr(client, f"{verb}_orchestration")
        assert f"ArgumentException: {unknown}" in _refused(order, "nobody", grpc.StatusCode.NOT_FOUND)
        state = f"Cannot {verb} the orchestration instance {ended} because instance is in the Completed state."
        assert f"InvalidOperationException: {state}" in _refused(order, ended)
    assert unknown in _refused(client.restart_orchestration, "nobody", grpc.StatusCode.NOT_FOUND)
    assert rig.state(ended).runtime_status == COMPLETED


def test_only_a_paused_instance_is_resumed(rig: Rig) -> None:
    instance = rig.start(waiter)
    rig.client.wait_for_orchestration_start(instance, timeout=10)
    assert "is in the Running state" in _refused(rig.client.resume_orchestration, instance)


def test_restart_under_the_same_and_a_new_id(rig: Rig) -> None:
    instance = rig.run(steps, 2).instance_id
    assert rig.client.restart_orchestration(instance) == instance
    assert rig.end_of(instance).serialized_output == "2"
    fresh = rig.client.restart_orchestration(instance, restart_with_new_instance_id=True)
    assert fresh != instance
    assert rig.end_of(fresh).serialized_output == "2"
    running_one = rig.start(waiter)
    with pytest.raises(grpc.RpcError) as error:
        rig.client.restart_orchestration(running_one)
    assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
