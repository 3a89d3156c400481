"""The story of one machine, told on the in-memory engine under virtual time."""

import json
import logging

import pytest

from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.reasons import RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.log_lines import audit_lines
from tests.support.requests import facts, job, machine, settings, windows
from tests.support.telling import tell


def test_a_linux_machine_is_generalized_step_by_step() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"))

    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert [timing.stage for timing in result.timings] == [
        "accepted", "inspecting", "preparing", "deprovisioning", "stopping", "deallocating", "generalizing",
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


def test_a_windows_machine_needs_no_serial_log() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.SEALED, stops_after=300))
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert "read_serial_marker" not in azure.steps_of("vm1")


def test_a_dry_run_reads_and_changes_nothing() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"), job(dry_run=True))
    assert result.outcome is Outcome.WOULD_GENERALIZE
    assert azure.steps_of("vm1") == ["inspect_vm"]


def test_a_dry_run_tells_every_refusal_of_request_and_machine() -> None:
    asked = job(dry_run=True, settings=settings(allowed_scopes=(), in_place_doors=()))
    result, azure = tell(lambda azure: azure.add("vm1", machine(tags={}, power_state=PowerState.STOPPED)), asked)
    assert [refusal.code for refusal in result.refusals] == [
        RefusalCode.SCOPE_NOT_ALLOWED,
        RefusalCode.DOOR_MAY_NOT_ASK,
        RefusalCode.NOT_OPTED_IN,
        RefusalCode.NOT_RUNNING,
    ]
    assert azure.steps_of("vm1") == ["inspect_vm"]


def test_a_refused_request_asks_azure_nothing() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"), job(settings=settings(allowed_scopes=())))
    assert result.outcome is Outcome.REFUSED
    assert azure.steps_of("vm1") == []


def test_a_refused_machine_is_left_alone() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", machine(ephemeral_os_disk=True)))
    assert result.outcome is Outcome.REFUSED
    assert result.ended_in is Stage.INSPECTING
    assert azure.steps_of("vm1") == ["inspect_vm"]


def test_generalized_and_deallocated_already_is_success() -> None:
    done = machine(generalized=True, power_state=PowerState.DEALLOCATED)
    result, azure = tell(lambda azure: azure.add("vm1", done))
    assert result.outcome is Outcome.ALREADY_GENERALIZED
    assert azure.steps_of("vm1") == ["inspect_vm"]


def test_the_audit_log_names_each_irreversible_step_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="golden_images"):
        result, _ = tell(lambda azure: azure.add("vm1"))
    lines = audit_lines(caplog)
    assert [(line["event"], line["step"]) for line in lines] == [
        ("irreversible step ordered", "start_deprovision"),
        ("irreversible step ordered", "generalize_vm"),
    ]
    assert all(line["runId"] == result.run_id and line["vm"].endswith("/vm1") for line in lines)


def test_unreadable_facts_are_a_refusal() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", facts=facts(locks=None, permissions=None)))
    assert {refusal.code for refusal in result.refusals} == {
        RefusalCode.LOCKS_UNREADABLE,
        RefusalCode.PERMISSIONS_UNREADABLE,
    }
