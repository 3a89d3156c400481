"""The orchestration of one VM, run on the emulated engine under virtual time."""

import json
import logging

import pytest

from contracts.error_codes import RefusalCode
from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.results import Outcome, VmResult
from contracts.stages import Stage
from tests.support.log_lines import audit_lines
from tests.support.requests import facts, job, settings, vm_state, windows
from tests.support.running import run_vm


def test_a_linux_vm_is_generalized_activity_by_activity(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="golden_images"):
        result, azure = run_vm(lambda azure: azure.add("vm1"))

    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert [timing.stage for timing in result.timings] == [
        "accepted", "inspecting", "customizing", "deprovisioning", "stopping", "deallocating", "generalizing",
    ]  # fmt: skip
    assert azure.activities_of("vm1") == [
        "inspect_vm",
        "read_identity",
        "remove_run_commands",
        "read_serial_marker",
        "start_deprovision",
        "read_deprovision",
        "read_power_state",
        "read_serial_marker",
        "deallocate_vm",
        "read_power_state",
        "read_serial_marker",
        "generalize_vm",
    ]
    assert result.correlation_ids["deallocate_vm"] == "c-deallocate"
    assert "does not guarantee" in result.disclaimer
    sent = [json.loads(text) for text in azure.sent]
    assert sent == [result.model_dump(mode="json", exclude_none=True)], "the result goes on the queue once"
    _the_audit_log_names_each_irreversible_activity_once(caplog, result)


def _the_audit_log_names_each_irreversible_activity_once(caplog: pytest.LogCaptureFixture, result: VmResult) -> None:
    lines = audit_lines(caplog)
    assert [(line["event"], line["activity"]) for line in lines] == [
        ("irreversible operation requested", "start_deprovision"),
        ("irreversible operation requested", "generalize_vm"),
    ]
    assert all(line["runId"] == result.run_id and line["vm"].endswith("/vm1") for line in lines)


def test_a_windows_vm_needs_no_serial_log() -> None:
    result, azure = run_vm(
        lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.DEPROVISIONED, stops_after=300)
    )
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert "read_serial_marker" not in azure.activities_of("vm1")


def test_a_dry_run_reads_and_changes_nothing() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1"), job(dry_run=True))
    assert result.outcome is Outcome.WOULD_GENERALIZE
    assert azure.activities_of("vm1") == ["inspect_vm"]


def test_a_dry_run_reports_every_refusal_of_request_and_vm() -> None:
    asked = job(dry_run=True, settings=settings(in_place_triggers=()))
    result, azure = run_vm(lambda azure: azure.add("vm1", vm_state(tags={}, power_state=PowerState.STOPPED)), asked)
    assert [refusal.code for refusal in result.refusals] == [
        RefusalCode.TRIGGER_NOT_ALLOWED,
        RefusalCode.NOT_OPTED_IN,
        RefusalCode.NOT_RUNNING,
    ]
    assert azure.activities_of("vm1") == ["inspect_vm"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_outside_the_allowed_scopes_is_not_even_read(dry_run: bool) -> None:
    asked = job(dry_run=dry_run, settings=settings(allowed_scopes=()))
    result, azure = run_vm(lambda azure: azure.add("vm1"), asked)
    assert result.outcome is Outcome.REFUSED
    assert azure.activities_of("vm1") == []


def test_a_refused_vm_is_left_alone() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", vm_state(ephemeral_os_disk=True)))
    assert result.outcome is Outcome.REFUSED
    assert result.ended_in is Stage.INSPECTING
    assert azure.activities_of("vm1") == ["inspect_vm"]


def test_generalized_and_deallocated_already_is_success() -> None:
    done = vm_state(generalized=True, power_state=PowerState.DEALLOCATED)
    result, azure = run_vm(lambda azure: azure.add("vm1", done))
    assert result.outcome is Outcome.ALREADY_GENERALIZED
    assert azure.activities_of("vm1") == ["inspect_vm"]


def test_unreadable_facts_are_a_refusal() -> None:
    result, _ = run_vm(lambda azure: azure.add("vm1", facts=facts(locks=None, permissions=None)))
    assert {refusal.code for refusal in result.refusals} == {
        RefusalCode.LOCKS_UNREADABLE,
        RefusalCode.PERMISSIONS_UNREADABLE,
    }
