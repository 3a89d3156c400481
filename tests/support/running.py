"""Runs the orchestration of one VM to its end, for tests."""

import json
import time
from collections.abc import Callable
from typing import Any

from contracts.catalog import GOLDEN_IMAGE
from contracts.error_codes import FailureCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.task_hub import VirtualClock
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job


def run_vm(customize: Callable[[FakeAzure], Any], asked: VmJob | None = None) -> tuple[VmResult, FakeAzure]:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    customize(azure)
    with engine(azure.activities(), clock) as running:
        return run(running, asked or job()), azure


def run(running: RunningEngine, asked: VmJob) -> VmResult:
    state = running.run(GOLDEN_IMAGE, asked.model_dump(mode="json", exclude_none=True), asked.run_id)
    assert state.serialized_output is not None, state.failure_details
    return VmResult.model_validate_json(state.serialized_output)


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
