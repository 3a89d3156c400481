"""A story that was changed is found out: another step, another order, another input, another wait, another end."""

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from durabletask import task

from contracts.steps import CALL_LEASE, PUBLISH_IMAGE
from orchestrators import golden_image as story
from orchestrators import in_place
from orchestrators.calling import Story
from orchestrators.machine_run import MachineRun
from orchestrators.publication import Publication
from tests.histories.archive import SUFFIX, Execution, current_version, folder, read
from tests.histories.replay import fault


def recorded(name: str) -> Execution:
    executions = read(folder(current_version()) / f"{name}{SUFFIX}")
    return next(execution for execution in executions if execution.name != CALL_LEASE)


def after(first: Callable[..., Story[None]], then: Callable[..., Story[None]]) -> Callable[..., Story[None]]:
    def both(run: MachineRun, *more: Any) -> Story[None]:
        yield from first(run, *more)
        yield from then(run)

    return both


def pause(run: MachineRun) -> Generator[task.Task[Any], Any]:
    yield run.ctx.create_timer(timedelta(seconds=1))


def for_newer_runs(then: Callable[..., Story[None]]) -> Callable[..., Story[None]]:
    def branch(run: MachineRun) -> Story[None]:
        if run.ctx.version not in {None, current_version()}:
            yield from then(run)

    return branch


def test_an_unchanged_story_has_no_fault() -> None:
    assert fault(recorded("in-place-linux")) is None


def test_one_more_step_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "order_deprovision", after(story.order_deprovision, pause))
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "timer" in found


def test_one_step_less_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(run: MachineRun) -> Story[None]:
        yield from ()

    monkeypatch.setattr(story, "generalize", nothing)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "generalize_vm" in found


def test_another_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = story.deallocate, story.generalize
    monkeypatch.setattr(story, "deallocate", second)
    monkeypatch.setattr(story, "generalize", first)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert '"step": "deallocate_vm"' in found.splitlines()[1]
    assert '"step": "generalize_vm"' in found.splitlines()[2]


def test_another_input_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def another_name(run_id: str, stage: str) -> str:
        return "another-name"

    monkeypatch.setattr(in_place, "run_command_name", another_name)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert 'input.runCommand: the history has "golden-image-deprovision-' in found
    assert 'today\'s story "another-name"' in found


def test_another_wait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def longer(run: MachineRun, seconds: float) -> Story[None]:
        yield from run.first_of(run.ctx.create_timer(timedelta(seconds=seconds + 1)))

    monkeypatch.setattr(MachineRun, "pause", longer)
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert [line.rsplit('"timer": ')[-1] for line in found.splitlines()[1:]] == [
        '"2026-01-01T00:00:20Z"}',
        '"2026-01-01T00:00:21Z"}',
    ]


def test_another_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(run: MachineRun, text: str) -> None:
        pass

    monkeypatch.setattr(MachineRun, "note", nothing)
    found = fault(recorded("never-stopped"))
    assert found is not None
    assert "evidence.notes" in found


def test_another_way_to_go_on_as_new_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_story_that_depends_on_whether_it_replays_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_when_new(run: MachineRun) -> Story[None]:
        if run.ctx.is_replaying:
            yield from pause(run)

    monkeypatch.setattr(story, "generalize", after(story.generalize, only_when_new))
    found = fault(recorded("in-place-linux"))
    assert found is not None
    assert "NonDeterminism" in found


def test_a_history_that_was_cut_is_found() -> None:
    execution = recorded("in-place-linux")
    assert fault(replace(execution, events=execution.events[:-1])) is not None


def test_a_change_for_newer_runs_only_leaves_the_recorded_ones_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "order_deprovision", after(story.order_deprovision, for_newer_runs(pause)))
    assert fault(recorded("in-place-linux")) is None
