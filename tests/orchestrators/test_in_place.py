"""How the guest and the power state may end a run, and what is done then."""

from contracts.answer import Answer
from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.reasons import Failure, FailureCode, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job, machine, seldom, settings, windows
from tests.support.telling import failure_of, tell

AT_LEISURE = job(settings=settings(waits=seldom()))


def test_a_guest_that_refuses_is_a_refusal_and_its_run_command_goes() -> None:
    result, azure = tell(
        lambda azure: azure.add("vm1", outcome=GuestOutcome.REFUSED, code="agentMissing", stops_after=None)
    )
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert "agentMissing" in result.refusals[0].message
    assert azure.steps_of("vm1").count("remove_run_commands") == 2, "taken off, and seen to be gone"
    assert "collect_evidence" not in azure.steps_of("vm1")


def test_a_guest_that_fails_stays_up_with_its_evidence() -> None:
    result, azure = tell(
        lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.FAILED, code="sysprepFailed", stops_after=None)
    )
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    assert "deallocate_vm" not in azure.steps_of("vm1")
    assert result.power_state == "running"


def test_stopped_without_proof_is_deallocated_and_not_marked() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", marks=False))
    assert failure_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert azure.steps_of("vm1")[-2:] == ["deallocate_vm", "read_power_state"]
    assert "generalize_vm" not in azure.steps_of("vm1")
    assert result.power_state == "deallocated"
    assert result.ended_in is Stage.STOPPING


def test_power_state_alone_is_enough_when_the_request_says_so() -> None:
    asked = job(target={"deprovision": {"evidence": "powerStateOnly"}})
    result, _ = tell(lambda azure: azure.add("vm1", machine(boot_diagnostics=False)), asked)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "powerStateOnly"
    assert result.evidence.notes == ("the serial log could not be read",)


def test_somebody_else_who_deallocates_before_it_was_sealed_is_a_failure() -> None:
    result, _ = tell(
        lambda azure: azure.add("vm1", becomes=PowerState.DEALLOCATED, marks=False, reports_after=None, stops_after=10)
    )
    assert failure_of(result) is FailureCode.STOPPED_BY_SOMEBODY_ELSE


def test_somebody_else_who_deallocates_a_sealed_machine_does_no_harm() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", becomes=PowerState.DEALLOCATED))
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert "somebody else" in result.evidence.notes[0]
    assert "deallocate_vm" not in azure.steps_of("vm1")


def test_still_running_at_the_deadline_collects_evidence_and_leaves_the_machine_up() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", stops_after=None))
    assert failure_of(result) is FailureCode.STILL_RUNNING
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    waited = next(timing.seconds for timing in result.timings if timing.stage is Stage.STOPPING)
    assert 880 <= waited <= 900
    assert "deallocate_vm" not in azure.steps_of("vm1")


def test_no_report_but_stopped_and_marked_goes_on() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", reports_after=None, stops_after=100))
    assert result.outcome is Outcome.GENERALIZED


def test_neither_report_nor_stop_is_a_failure_of_its_own() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", reports_after=None, stops_after=None), AT_LEISURE)
    assert failure_of(result) is FailureCode.GUEST_NEVER_REPORTED
    assert "collect_evidence" in azure.steps_of("vm1")


def test_a_deallocation_that_never_ends_is_told() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", deallocates_after=None), AT_LEISURE)
    assert failure_of(result) is FailureCode.DEALLOCATE_TIMED_OUT


def test_a_machine_that_never_shows_generalized_is_not_believed() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", generalizes=False), AT_LEISURE)
    assert failure_of(result) is FailureCode.NOT_GENERALIZED
    assert azure.guests["vm1"].generalized is False


def test_another_machine_under_the_name_is_not_touched_any_more() -> None:
    def replaced(step: str, vm: str, nth: int) -> Answer | None:
        if step == "read_power_state":
            return Answer(failure=Failure.of(FailureCode.MACHINE_REPLACED, "now unique-2 answers"))
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = replaced

    result, azure = tell(prepare)
    assert failure_of(result) is FailureCode.MACHINE_REPLACED
    assert azure.steps_of("vm1")[-1] == "read_power_state"


def test_a_mark_that_comes_late_is_waited_for() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", marks_after=300))
    assert result.outcome is Outcome.GENERALIZED
    assert azure.steps_of("vm1").count("read_serial_marker") > 1


def test_a_failure_that_the_guest_marked_is_told_in_its_words() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", marks=False, fails_with="waagentFailed disk full"))
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.failure is not None
    assert "disk full" in result.failure.message


def test_a_sealed_machine_that_somebody_started_is_left_alone() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", marks_after=200, started_again_after=150))
    assert failure_of(result) is FailureCode.STARTED_BY_SOMEBODY_ELSE
    assert azure.guests["vm1"].deallocated_at is None
    assert azure.guests["vm1"].generalized is False


def test_a_machine_that_stops_after_its_deadline_is_still_deallocated() -> None:
    """Ordered at 0, given up at about 15 + 900 s; it stops while its evidence is fetched."""
    result, azure = tell(lambda azure: azure.add("vm1", stops_after=925))
    assert failure_of(result) is FailureCode.STILL_RUNNING
    assert result.power_state == "deallocated"
    assert azure.guests["vm1"].generalized is False


def test_windows_that_says_already_armed_is_still_sealing() -> None:
    """The agent ran the script again while Sysprep still worked: that is no report."""
    result, azure = tell(
        lambda azure: azure.add("vm1", windows(), outcome=GuestOutcome.ALREADY_ARMED, stops_after=600, marks=False)
    )
    assert failure_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert azure.steps_of("vm1").count("read_deprovision") > 5
