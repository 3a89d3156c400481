"""The story of one machine, told on the in-memory engine under virtual time."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.reasons import Failure, FailureCode, RefusalCode
from contracts.results import MachineResult, Outcome
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import GOLDEN_IMAGE, Answer
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import facts, job, machine, settings, windows
from workbench.timed_engine import VirtualClock



def tell(prepare: Callable[[FakeAzure], Any], asked: MachineJob | None = None) -> tuple[MachineResult, FakeAzure]:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    prepare(azure)
    with engine(azure.activities(), clock) as running:
        return run(running, asked or job()), azure


def run(running: RunningEngine, asked: MachineJob) -> MachineResult:
    state = running.run(GOLDEN_IMAGE, asked.model_dump(mode="json", exclude_none=True), asked.run_id)
    assert state.serialized_output is not None, state.failure_details
    return MachineResult.model_validate_json(state.serialized_output)


def test_a_linux_machine_is_generalized_step_by_step() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"))

    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert [timing.stage for timing in result.timings] == [
        "accepted", "inspecting", "deprovisioning", "stopping", "deallocating", "generalizing",
    ]  # fmt: skip
    assert azure.steps_of("vm1") == [
        "inspect_vm",
        "start_deprovision",
        "read_deprovision",
        "read_power_state",
        "read_serial_marker",
        "deallocate_vm",
        "read_power_state",
        "generalize_vm",
    ]
    assert result.correlation_ids["deallocate_vm"] == "c-deallocate"
    assert "does not guarantee" in result.caveat


def test_the_result_goes_on_the_queue_once() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"))
    assert [json.loads(text) for text in azure.sent] == [result.model_dump(mode="json", exclude_none=True)]
