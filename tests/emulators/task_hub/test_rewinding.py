"""Rewinding failed instances: what succeeded is not run again, what failed or was lost is."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationStatus

from tests.emulators.task_hub.rig import Orchestration, Program, code_of, running

runs: list[str] = []
broken: set[str] = set()


def step(_context: Any, name: str) -> str:
    runs.append(name)
    if name in broken:
        raise ValueError(f"{name} is broken")
    return name


def two_steps(context: Any, _: Any) -> Orchestration:
    first = yield context.call_activity(step, input="first")
    second = yield context.call_activity(step, input="second")
    return [first, second]


def child(context: Any, name: str) -> Orchestration:
    return (yield context.call_activity(step, input=name))


def parent(context: Any, _: Any) -> Orchestration:
    good = yield context.call_sub_orchestrator(child, input="good", instance_id=f"{context.instance_id}-good")
    bad = yield context.call_sub_orchestrator(child, input="bad", instance_id=f"{context.instance_id}-bad")
    return [good, bad]


PROGRAM = Program([two_steps, child, parent], [step])


@pytest.fixture(autouse=True)
def clean() -> None:
    runs.clear()
    broken.clear()


def test_only_what_failed_is_run_again(tmp_path: Path) -> None:
    broken.add("second")
    with running(PROGRAM, tmp_path / "hub.db") as rig:
        instance = rig.run(two_steps).instance_id
        broken.clear()
        rig.client.rewind_orchestration(instance, reason="repaired")
        state = rig.end_of(instance)
        assert (state.serialized_output, state.failure_details) == ('["first", "second"]', None)
        assert runs == ["first", "second", "second"]
        names = [type(event).__name__ for event in rig.client.get_orchestration_history(instance)]
        assert (names.count("ExecutionRewoundEvent"), names.count("ExecutionCompletedEvent")) == (1, 1)


def test_a_failed_child_is_rewound_with_its_parent() -> None:
    broken.add("bad")
    with running(PROGRAM) as rig:
        instance = rig.run(parent).instance_id
        assert rig.state(f"{instance}-bad").runtime_status == OrchestrationStatus.FAILED
        broken.clear()
        rig.client.rewind_orchestration(instance)
        assert rig.end_of(instance).serialized_output == '["good", "bad"]'
        assert runs == ["good", "bad", "bad"]


def test_a_purged_child_is_started_again() -> None:
    broken.add("bad")
    with running(PROGRAM) as rig:
        instance = rig.run(parent).instance_id
        rig.client.purge_orchestration(f"{instance}-bad")
        broken.clear()
        rig.client.rewind_orchestration(instance)
        assert rig.end_of(instance).serialized_output == '["good", "bad"]'


def test_it_may_fail_and_be_rewound_again() -> None:
    broken.add("second")
    with running(PROGRAM) as rig:
        instance = rig.run(two_steps).instance_id
        rig.client.rewind_orchestration(instance)
        assert rig.end_of(instance).runtime_status == OrchestrationStatus.FAILED
        broken.clear()
        rig.client.rewind_orchestration(instance)
        assert rig.end_of(instance).runtime_status == OrchestrationStatus.COMPLETED


def test_only_a_failed_one_can_be_rewound() -> None:
    with running(PROGRAM) as rig:
        instance = rig.run(two_steps).instance_id
        for name, code in ((instance, grpc.StatusCode.FAILED_PRECONDITION), ("nobody", grpc.StatusCode.NOT_FOUND)):
            with pytest.raises(grpc.RpcError) as error:
                rig.client.rewind_orchestration(name)
            assert code_of(error) == code
