"""The rollback snapshot of a VM in place, and the approval that a request may require."""

import json
from typing import Any

import pytest

from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.image_options import Approval
from contracts.results import Outcome, VmResult
from contracts.run import Decision
from contracts.stages import Stage
from tests.support.engine import engine
from tests.support.fake_azure import FakeAzure
from tests.support.fake_resources import GROUP, part_of
from tests.support.requests import job, vm_state
from tests.support.running import begin, failure_of, fleet, result_of, run_vm

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
OPTIONS = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}


def test_a_rollback_snapshot_is_taken_before_the_deprovisioning_and_kept() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1"))
    assert result.outcome is Outcome.GENERALIZED
    assert result.rollback_snapshot is not None
    assert result.created_resources == (result.rollback_snapshot.id,)
    assert list(azure.resources) == [result.rollback_snapshot.id]
    assert azure.resources[result.rollback_snapshot.id]["golden-image-keep-until"].startswith(
        f"{result.rollback_snapshot.keep_until:%Y-%m-%d}"
    )
    activities = [activity for activity, _ in azure.calls]
    assert activities.index("create_snapshot") < activities.index("start_deprovision")


def test_the_rollback_snapshot_can_be_disabled() -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1"), job(target={"rollbackSnapshot": False}))
    assert (result.outcome, result.rollback_snapshot, azure.resources) == (Outcome.GENERALIZED, None, {})


def test_without_its_rollback_snapshot_no_vm_is_deprovisioned() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["rollback-snapshot"] = "failed"

    result, azure = run_vm(customize)
    assert failure_of(result) is FailureCode.SNAPSHOT_FAILED
    assert "start_deprovision" not in azure.activities_of("vm1")
    assert azure.resources == {}


@pytest.mark.parametrize(
    ("outcome", "kept"), [(GuestOutcome.REFUSED, False), (GuestOutcome.FAILED, True)], ids=["refused", "failed"]
)
def test_the_rollback_snapshot_is_deleted_if_the_guest_refused_and_kept_if_it_failed(
    outcome: GuestOutcome, kept: bool
) -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1", outcome=outcome, code="x", stops_after=None))
    assert [part_of(resource) for resource in azure.resources] == (["rollback-snapshot"] if kept else [])
    assert bool(result.created_resources) is kept


def test_a_vm_that_was_generalized_before_is_published_without_being_deprovisioned_again() -> None:
    state = vm_state(generalized=True, power_state=PowerState.DEALLOCATED)
    result, azure = run_vm(lambda azure: azure.add("vm1", state), job(target={"image": OPTIONS}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert "start_deprovision" not in azure.activities_of("vm1")
    assert list(azure.resources) == list(result.created_resources)


def test_a_publish_that_fails_leaves_the_vm_generalized_and_reports_it() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["version"] = "failed"

    result, azure = run_vm(customize, job(target={"image": OPTIONS}))
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert result.power_state == "deallocated"
    assert azure.activities_of("vm1").count("start_deprovision") == 1


def run_with_event(event: str, payload: Any, **approval: Any) -> tuple[VmResult, FakeAzure]:
    """Stop the clock until the run waits for approval, raise an event, and let time go on."""
    clock, azure = fleet("vm1")
    wanted = job(approval=Approval.model_validate({"timeoutMinutes": 60, **approval}))
    with engine(azure.activities(), clock) as running:
        clock.allow(clock.now())
        begin(running, wanted, Stage.AWAITING_APPROVAL)
        assert "start_deprovision" not in azure.activities_of("vm1")
        running.client.raise_orchestration_event(wanted.run_id, event, data=payload)
        clock.allow(None)
        return result_of(running, wanted.run_id), azure


def yes(approved: bool = True) -> dict[str, Any]:
    decision = Decision(approved=approved, principal="boss@example.org", comment="seen")
    return json.loads(decision.model_dump_json(exclude_none=True))


def test_an_approved_run_continues_and_records_the_approver() -> None:
    result, azure = run_with_event(APPROVAL_EVENT, yes())
    assert result.outcome is Outcome.GENERALIZED
    assert result.decision is not None
    assert result.decision.principal == "boss@example.org"
    assert azure.activities_of("vm1").count("inspect_vm") == 2, "hours may have passed: it is checked again"


def test_a_run_that_is_not_approved_is_refused() -> None:
    result, azure = run_with_event(APPROVAL_EVENT, yes(approved=False))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NOT_APPROVED]
    assert "boss@example.org" in result.refusals[0].message
    assert azure.resources == {}


def test_a_cancel_ends_the_waiting() -> None:
    result, azure = run_with_event(CANCEL_EVENT, {})
    assert result.outcome is Outcome.CANCELED
    assert azure.resources == {}
    waited = next(timing.seconds for timing in result.timings if timing.stage is Stage.AWAITING_APPROVAL)
    assert waited < 60, "the cancel is heard at once, not when the time for the approval is over"


@pytest.mark.parametrize(("on_timeout", "outcome"), [("refuse", Outcome.REFUSED), ("proceed", Outcome.GENERALIZED)])
def test_without_a_decision_the_request_decides_what_happens(on_timeout: str, outcome: Outcome) -> None:
    approval = Approval.model_validate({"timeoutMinutes": 60, "onTimeout": on_timeout})
    result, _ = run_vm(lambda azure: azure.add("vm1"), job(approval=approval))
    assert result.outcome is outcome
    if outcome is Outcome.REFUSED:
        assert [refusal.code for refusal in result.refusals] == [RefusalCode.APPROVAL_TIMED_OUT]


@pytest.mark.parametrize(("approved", "outcome"), [(False, Outcome.REFUSED), (True, Outcome.GENERALIZED)])
def test_a_decision_whose_event_never_came_counts_at_the_deadline(approved: bool, outcome: Outcome) -> None:
    """It was accepted in time: the record is read before a run goes on because nobody decided."""
    on_timeout = "refuse" if approved else "proceed"
    approval = Approval.model_validate({"timeoutMinutes": 60, "onTimeout": on_timeout})
    wanted = job(approval=approval)

    def recorded(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.decisions[wanted.run_id] = Decision(approved=approved, principal="boss@example.com")

    result, azure = run_vm(recorded, wanted)
    assert result.outcome is outcome
    assert azure.guests["vm1"].requested == (1 if approved else 0)
    if not approved:
        assert [refusal.code for refusal in result.refusals] == [RefusalCode.NOT_APPROVED]


def test_a_decision_from_before_the_run_began_counts() -> None:
    approval = Approval(timeout_minutes=60)
    result, _ = run_vm(lambda azure: azure.add("vm1"), job(approval=approval, decision=Decision(approved=True)))
    assert result.outcome is Outcome.GENERALIZED


def test_another_vm_under_the_approved_name_is_left_alone() -> None:
    clock, azure = fleet("vm1")
    guest = azure.guests["vm1"]
    wanted = job(approval=Approval(timeout_minutes=60))
    with engine(azure.activities(), clock) as running:
        clock.allow(clock.now())
        begin(running, wanted, Stage.AWAITING_APPROVAL)
        other = guest.facts.vm.model_copy(update={"unique_id": "another"})
        guest.facts = guest.facts.model_copy(update={"vm": other})
        running.client.raise_orchestration_event(wanted.run_id, APPROVAL_EVENT, data=yes())
        clock.allow(None)
        result = result_of(running, wanted.run_id)
    assert failure_of(result) is FailureCode.VM_REPLACED
    assert "start_deprovision" not in azure.activities_of("vm1")


def test_a_taken_image_name_is_a_failure_once_the_vm_was_deprovisioned() -> None:
    image = f"{GROUP}/providers/Microsoft.Compute/images/web"

    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["web"] = "taken"

    result, azure = run_vm(customize, job(target={"image": {"kind": "managedImage", "imageId": image}}))
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert result.rollback_snapshot is not None
    assert list(azure.resources) == [result.rollback_snapshot.id], "the rollback snapshot is kept"


def test_a_snapshot_that_was_deleted_again_is_not_in_the_result() -> None:
    result, _ = run_vm(lambda azure: azure.add("vm1", outcome=GuestOutcome.REFUSED, code="x", stops_after=None))
    assert (result.outcome, result.rollback_snapshot, result.created_resources) == (Outcome.REFUSED, None, ())


def test_a_generalized_vm_is_published_only_with_the_opt_in_tag() -> None:
    state = vm_state(generalized=True, power_state=PowerState.DEALLOCATED, tags={})
    result, _ = run_vm(lambda azure: azure.add("vm1", state), job(target={"image": OPTIONS}))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NOT_OPTED_IN]
