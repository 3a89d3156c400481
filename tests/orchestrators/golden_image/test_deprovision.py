"""Deprovisioning in place: what the guest reports, how the VM stops, and what the run does then."""

from datetime import UTC

import pytest

from contracts.answer import Answer
from contracts.error_codes import Failure, FailureCode, RefusalCode
from contracts.facts import PowerState, VmState
from contracts.guest_report import GuestOutcome
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.requests import job, seldom, settings, vm_state, windows
from tests.support.running import failure_of, meets, run_vm

RARE_POLLS = job(settings=settings(polling=seldom()))


def test_a_guest_that_refuses_is_a_refusal_and_its_run_command_is_deleted() -> None:
    result, azure = run_vm(
        lambda azure: azure.add("vm1", outcome=GuestOutcome.REFUSED, code="agentMissing", stops_after=None)
    )
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert "agentMissing" in result.refusals[0].message
    assert azure.activities_of("vm1").count("remove_run_commands") == 3, "deleted, and read back as gone"
    assert "collect_evidence" not in azure.activities_of("vm1")


def test_a_vm_whose_guest_fails_keeps_running_and_its_evidence_is_collected() -> None:
    result, azure = run_vm(
        lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.FAILED, code="sysprepFailed", stops_after=None)
    )
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    assert "deallocate_vm" not in azure.activities_of("vm1")
    assert result.power_state == "running"


def test_a_vm_that_stopped_without_proof_is_deallocated_and_not_generalized() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", marks=False))
    assert failure_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert azure.activities_of("vm1")[-2:] == ["deallocate_vm", "read_power_state"]
    assert "generalize_vm" not in azure.activities_of("vm1")
    assert result.power_state == "deallocated"
    assert result.ended_in is Stage.STOPPING


def test_power_state_alone_is_enough_when_the_request_says_so() -> None:
    asked = job(target={"deprovision": {"evidence": "powerStateOnly"}})
    result, _ = run_vm(lambda azure: azure.add("vm1", vm_state(boot_diagnostics=False)), asked)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "powerStateOnly"
    assert result.evidence.notes[1:] == ("the serial log could not be read",)


def test_an_external_deallocation_before_the_deprovisioning_is_a_failure() -> None:
    result, _ = run_vm(
        lambda azure: azure.add("vm1", becomes=PowerState.DEALLOCATED, marks=False, reports_after=None, stops_after=10)
    )
    assert failure_of(result) is FailureCode.DEALLOCATED_EXTERNALLY


def test_an_external_deallocation_of_a_deprovisioned_vm_is_accepted() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", becomes=PowerState.DEALLOCATED))
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert "another caller" in result.evidence.notes[1]
    assert "deallocate_vm" not in azure.activities_of("vm1")


def test_a_vm_that_does_not_stop_keeps_running_and_its_evidence_is_collected() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", stops_after=None))
    assert failure_of(result) is FailureCode.STOP_TIMED_OUT
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    waited = next(timing.seconds for timing in result.timings if timing.stage is Stage.STOPPING)
    assert 880 <= waited <= 900
    assert "deallocate_vm" not in azure.activities_of("vm1")


def test_a_stopped_vm_with_the_serial_mark_needs_no_report() -> None:
    result, _ = run_vm(lambda azure: azure.add("vm1", reports_after=None, stops_after=100))
    assert result.outcome is Outcome.GENERALIZED


def test_neither_report_nor_stop_is_a_failure_of_its_own() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", reports_after=None, stops_after=None), RARE_POLLS)
    assert failure_of(result) is FailureCode.GUEST_REPORT_TIMED_OUT
    assert "collect_evidence" in azure.activities_of("vm1")


def test_a_deallocation_that_never_ends_is_reported() -> None:
    result, _ = run_vm(lambda azure: azure.add("vm1", deallocates_after=None), RARE_POLLS)
    assert failure_of(result) is FailureCode.DEALLOCATE_TIMED_OUT


def test_a_vm_that_never_shows_generalized_is_a_failure() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", generalizes=False), RARE_POLLS)
    assert failure_of(result) is FailureCode.NOT_GENERALIZED
    assert azure.guests["vm1"].generalized is False


def test_another_vm_under_the_name_is_not_touched_any_more() -> None:
    replaced = Answer(failure=Failure.of(FailureCode.VM_REPLACED, "now unique-2 answers"))
    result, azure = run_vm(meets("read_power_state", replaced))
    assert failure_of(result) is FailureCode.VM_REPLACED
    assert azure.activities_of("vm1")[-1] == "read_power_state"


def test_a_mark_that_comes_late_is_waited_for() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", marks_after=300))
    assert result.outcome is Outcome.GENERALIZED
    assert azure.activities_of("vm1").count("read_serial_marker") > 1


def test_a_failure_in_the_serial_log_is_reported_with_the_guests_message() -> None:
    result, _ = run_vm(lambda azure: azure.add("vm1", marks=False, fails_with="waagentFailed disk full"))
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.failure is not None
    assert "disk full" in result.failure.message


def test_a_deprovisioned_vm_that_was_started_again_is_left_alone() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", marks_after=200, started_again_after=150))
    assert failure_of(result) is FailureCode.STARTED_EXTERNALLY
    assert azure.guests["vm1"].deallocated_at is None
    assert azure.guests["vm1"].generalized is False


def test_a_vm_that_stops_after_its_deadline_is_still_deallocated() -> None:
    """Requested at 0 s, timed out at about 15 + 900 s; the VM stops while the evidence is collected."""
    result, azure = run_vm(lambda azure: azure.add("vm1", stops_after=925))
    assert failure_of(result) is FailureCode.STOP_TIMED_OUT
    assert result.power_state == "deallocated"
    assert azure.guests["vm1"].generalized is False


def test_windows_that_says_already_requested_is_still_deprovisioning() -> None:
    """The agent ran the script again while Sysprep still worked: that is no report."""
    result, azure = run_vm(
        lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.ALREADY_REQUESTED, stops_after=600, marks=False)
    )
    assert failure_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert azure.activities_of("vm1").count("read_deprovision") > 5


@pytest.mark.parametrize(("state", "seconds"), [(vm_state(), 600 - 120), (windows(), 2_700 - 1_800 - 120)])
def test_the_guest_must_begin_so_early_that_it_reports_before_its_run_gives_up(state: VmState, seconds: int) -> None:
    """Sysprep may take half an hour: what it begins later would end after the run has failed."""
    result, azure = run_vm(lambda azure: azure.add("vm1", state, outcome=GuestOutcome.DEPROVISIONED, stops_after=300))
    assert result.outcome is Outcome.GENERALIZED
    (sent,), began = azure.started, azure.guests["vm1"].ordered_at
    assert began is not None
    assert sent.not_after - int(began.replace(tzinfo=UTC).timestamp()) == seconds
    assert sent.boot_id == "b0"
