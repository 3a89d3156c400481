"""Every stored history is replayed against today's orchestrators: a change that breaks runs in flight fails here."""

import gzip
from functools import cache
from pathlib import Path

import pytest

from contracts.catalog import ACTIVITIES
from tests.histories.archive import SUFFIX, current_version, folder, read, recorded_files
from tests.histories.recorded_runs import RECORDED_RUNS
from tests.histories.replay import fault
from tests.layers.forbidden_text import word_faults
from tests.support.engine import ORCHESTRATIONS

MOST_BYTES = 40_000
WHAT_TO_DO = """

A run that is active when this is deployed would fail here. Either
  - keep the old behavior for runs of older versions: branch on ctx.version, raise defaultVersion in host.json, run
    `make histories`, and keep the older folders (docs/decisions/0010-histories-are-replayed.md), or
  - if no run of this version can be in flight anywhere (never deployed, or drained), or if only an input differs and a
    run may change over to the new one at any point: run `make histories`."""


known = cache(read)


def histories() -> list[object]:
    return [pytest.param(file, id=f"{file.parent.name}-{file.name.removesuffix(SUFFIX)}") for file in recorded_files()]


@pytest.mark.parametrize("file", histories())
def test_today_s_orchestrator_continues_where_the_history_ends(file: Path) -> None:
    faults = [found for execution in known(file) if (found := fault(execution))]
    assert not faults, "\n".join([f"{file.parent.name}/{file.name}", *faults, WHAT_TO_DO])


def test_every_run_is_recorded_for_the_version_of_new_runs() -> None:
    version = current_version()
    recorded = {file.name.removesuffix(SUFFIX) for file in folder(version).glob(f"*{SUFFIX}")}
    assert recorded == set(RECORDED_RUNS), f"run `make histories` to record version {version}"


def test_every_history_has_its_folder_s_version_and_is_small() -> None:
    for file in recorded_files():
        assert file.stat().st_size < MOST_BYTES, file
        assert {f"v{execution.version}" for execution in known(file)} == {file.parent.name}, file


def test_the_histories_use_every_orchestrator_and_every_activity() -> None:
    executions = [execution for file in folder(current_version()).glob(f"*{SUFFIX}") for execution in known(file)]
    events = [event for execution in executions for event in execution.events]
    assert {execution.name for execution in executions} == {orchestration.__name__ for orchestration in ORCHESTRATIONS}
    called = {event.taskScheduled.name for event in events if event.HasField("taskScheduled")}
    assert {activity.name for activity in ACTIVITIES} - called == set()


def test_no_history_names_a_vm_s_own_path_or_a_registry() -> None:
    for file in recorded_files():
        assert word_faults(file.name, gzip.decompress(file.read_bytes()).decode()) == []
