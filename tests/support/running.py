"""Runs the orchestration of one VM to its end, for tests."""

import json
import time
from collections.abc import Callable
from typing import Any

from contracts.answer import Answer
from contracts.catalog import GOLDEN_IMAGE
from contracts.error_codes import FailureCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.task_hub import VirtualClock
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job, vm_state


def fleet(*names: str) -> tuple[VirtualClock, FakeAzure]:
    """Return a clock, and a model of Azure on it with these VMs."""
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    for name in names:
        azure.add(name, vm_state(name))
    return clock, azure


def meets(activity: str, met: Answer | Exception, *, times: int = 1_000) -> Callable[[FakeAzure], Any]:
    """Return what adds `vm1`, and gives the first `times` calls of an activity this answer or error."""

    def fault(called: str, _vm: str, nth: int) -> Answer | None:
        if called != activity or nth > times:
            return None
        if isinstance(met, Exception):
            raise met
        return met

    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.fault = fault

    return customize


def run_vm(customize: Callable[[FakeAzure], Any], asked: VmJob | None = None) -> tuple[VmResult, FakeAzure]:
    clock, azure = fleet()
    customize(azure)
    with engine(azure.activities(), clock) as running:
        return run(running, asked or job()), azure


def run(running: RunningEngine, asked: VmJob) -> VmResult:
    _schedule(running, asked)
    return result_of(running, asked.run_id)


def begin(running: RunningEngine, asked: VmJob, stage: Stage) -> None:
    """Start a run, and wait until it has reached a stage."""
    _schedule(running, asked)
    wait_for_stage(running, asked.run_id, stage)


def result_of(running: RunningEngine, run_id: str) -> VmResult:
    """Wait for the end of a run, and return its result."""
    state = running.end_of(run_id)
    assert state.serialized_output is not None, state.failure_details
    return VmResult.model_validate_json(state.serialized_output)


def _schedule(running: RunningEngine, asked: VmJob) -> None:
    document = asked.model_dump(mode="json", exclude_none=True)
    running.client.schedule_new_orchestration(GOLDEN_IMAGE, input=document, instance_id=asked.run_id)


def failure_of(result: VmResult) -> FailureCode | None:
    assert result.outcome is Outcome.FAILED, result
    return result.failure.code if result.failure else None


def wait_for_stage(running: RunningEngine, run_id: str, stage: Stage) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = running.client.get_orchestration_state(run_id)
        status = state.serialized_custom_status if state else None
        if status and json.loads(status)["stage"] == stage and running.backend.is_idle():
            return
        time.sleep(0.01)
    raise AssertionError(f"{run_id} did not reach {stage}")
