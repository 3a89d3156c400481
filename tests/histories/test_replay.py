"""A changed orchestrator is detected: another activity, another order, another input, another wait, another end."""

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from durabletask import task

from contracts.catalog import CALL_LEASE, PUBLISH_IMAGE
from contracts.facts import VmState
from contracts.polling import Polling
from orchestrators import waiting
from orchestrators.golden_image import deprovision
from orchestrators.golden_image import generalize as orchestration
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.publish_image.publication import Publication
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import Waits
from tests.histories.archive import SUFFIX, Execution, current_version, folder, read
from tests.histories.replay import fault


def recorded(name: str) -> Execution:
    executions = read(folder(current_version()) / f"{name}{SUFFIX}")
    return next(execution for execution in executions if execution.name != CALL_LEASE)


def after(
    first: Callable[..., Orchestration[Any]], then: Callable[..., Orchestration[None]]
) -> Callable[..., Orchestration[Any]]:
    def both(run: VmRun, *more: Any) -> Orchestration[Any]:
        result = yield from first(run, *more)
        yield from then(run)
        return result

    return both


def pause(run: VmRun) -> Generator[task.Task[Any], Any]:
    yield run.ctx.create_timer(timedelta(seconds=1))


def for_newer_runs(then: Callable[..., Orchestration[None]]) -> Callable[..., Orchestration[None]]:
    def branch(run: VmRun) -> Orchestration[None]:
        if run.ctx.version not in {None, current_version()}:
            yield from then(run)

    return branch


def test_an_unchanged_orchestration_has_no_fault() -> None:
    assert fault(recorded("in-place-linux")) is None


def test_one_more_activity_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestration, "wait_until_stopped", after(orchestration.wait_until_stopped, pause))
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "timer" in found


def test_one_activity_less_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(run: VmRun, vm: VmState) -> Orchestration[VmState]:
        yield from ()
        return vm

    monkeypatch.setattr(orchestration, "generalize", nothing)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "generalize_vm" in found


def test_another_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    deallocate, generalize = orchestration.deallocate, orchestration.generalize

    def first(run: VmRun, vm: VmState, wait: Polling) -> Orchestration[VmState]:
        return (yield from generalize(run, vm))

    def then(run: VmRun, vm: VmState) -> Orchestration[VmState]:
        return (yield from deallocate(run, vm, run.polling.deallocate))

    monkeypatch.setattr(orchestration, "deallocate", first)
    monkeypatch.setattr(orchestration, "generalize", then)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert '"activity": "deallocate_vm"' in found.splitlines()[1]
    assert '"activity": "generalize_vm"' in found.splitlines()[2]


def test_another_input_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def another_name(run_id: str, stage: str) -> str:
        return "another-name"

    monkeypatch.setattr(deprovision, "run_command_name", another_name)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert 'input.runCommand: the history has "golden-image-deprovision-' in found
    assert 'today\'s orchestrator requests "another-name"' in found


def test_another_wait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def longer(waits: Waits, seconds: float) -> Orchestration[None]:
        yield from waits.first_of(waits.ctx.create_timer(timedelta(seconds=seconds + 1)))

    monkeypatch.setattr(waiting, "sleep", longer)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert [line.rsplit('"timer": ')[-1] for line in found.splitlines()[1:]] == [
        '"2026-01-01T00:00:20Z"}',
        '"2026-01-01T00:00:21Z"}',
    ]


def test_another_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(run: VmRun, text: str) -> None:
        pass

    monkeypatch.setattr(VmRun, "note", nothing)
    found = fault(recorded("never-stopped"))
    assert found is not None
    assert "evidence.notes" in found


def test_another_way_to_continue_as_new_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Publication.turn

    def twice(run: Publication) -> None:
        kept(run)
        run.update(turns=run.progress.turns + 1)

    monkeypatch.setattr(Publication, "turn", twice)
    execution = recorded("publication-with-region-failure")
    found = fault(execution)
    assert execution.name == PUBLISH_IMAGE
    assert found is not None
    assert "CONTINUED_AS_NEW" in found
    assert "result.progress.turns" in found


def test_an_orchestrator_that_depends_on_replay_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_when_new(run: VmRun) -> Orchestration[None]:
        if run.ctx.is_replaying:
            yield from pause(run)

    monkeypatch.setattr(orchestration, "generalize", after(orchestration.generalize, only_when_new))
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "NonDeterminism" in found


def test_a_history_that_was_cut_is_found() -> None:
    execution = recorded("in-place-linux")
    assert fault(replace(execution, events=execution.events[:-1])) is not None


def test_a_change_for_newer_runs_only_does_not_affect_the_recorded_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        orchestration, "wait_until_stopped", after(orchestration.wait_until_stopped, for_newer_runs(pause))
    )
    assert fault(recorded("in-place-linux")) is None
