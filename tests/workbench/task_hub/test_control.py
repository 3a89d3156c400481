"""Orders to instances: terminate, suspend, resume, restart."""

import time
from collections.abc import Generator

import grpc
import pytest
from durabletask.client import OrchestrationStatus

from tests.workbench.task_hub.rig import Rig, code_of, running
from tests.workbench.task_hub.stories import PROGRAM, family, steps, waiter

COMPLETED, TERMINATED = OrchestrationStatus.COMPLETED, OrchestrationStatus.TERMINATED


@pytest.fixture(scope="module")
def rig() -> Generator[Rig]:
    with running(PROGRAM) as rig:
        yield rig


def test_termination_reaches_the_children_when_asked(rig: Rig) -> None:
    for recursive, expected in ((True, TERMINATED), (False, OrchestrationStatus.RUNNING)):
        parent = rig.start(family)
        child = f"{parent}-child"
        rig.client.wait_for_orchestration_start(child, timeout=10)
        rig.client.terminate_orchestration(parent, output="enough", recursive=recursive)
        assert rig.end_of(parent).serialized_output == '"enough"'
        if recursive:
            rig.end_of(child)
        assert rig.state(child).runtime_status == expected
        rig.client.terminate_orchestration(child)


def test_a_pause_holds_events_back_until_resumed(rig: Rig) -> None:
    instance = rig.start(waiter)
    rig.client.wait_for_orchestration_start(instance, timeout=10)
    for _ in range(2):
        rig.client.suspend_orchestration(instance, reason="lunch")
    _until(rig, instance, OrchestrationStatus.SUSPENDED)
    rig.client.raise_orchestration_event(instance, "go", data=1)
    assert rig.state(instance).runtime_status == OrchestrationStatus.SUSPENDED
    for _ in range(2):  # a second resume is ignored: workers fail on it
        rig.client.resume_orchestration(instance)
    assert rig.end_of(instance).serialized_output == "1"


def _until(rig: Rig, instance: str, status: OrchestrationStatus) -> None:
    until = time.monotonic() + 10
    while rig.state(instance).runtime_status != status and time.monotonic() < until:
        time.sleep(0.005)
    assert rig.state(instance).runtime_status == status


def test_orders_to_nobody_are_refused_and_to_the_dead_ignored(rig: Rig) -> None:
    client = rig.client
    for order in (client.suspend_orchestration, client.resume_orchestration, client.restart_orchestration):
        with pytest.raises(grpc.RpcError) as error:
            order("nobody")
        assert code_of(error) == grpc.StatusCode.NOT_FOUND
    client.terminate_orchestration("nobody")
    ended = rig.run(steps, 1).instance_id
    for order in (client.suspend_orchestration, client.resume_orchestration, client.terminate_orchestration):
        order(ended)
    assert rig.state(ended).runtime_status == COMPLETED


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
