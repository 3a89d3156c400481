"""The way back from a machine in place, and the yes that a request may wait for."""

import json
from typing import Any

import pytest

from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome
from contracts.reasons import FailureCode, RefusalCode
from contracts.results import MachineResult, Outcome
from contracts.run import Decision, MachineJob
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, CANCEL_EVENT, GOLDEN_IMAGE
from contracts.wishes import Approval
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.fake_things import GROUP, part_of
from tests.support.requests import job, machine
from tests.support.telling import failure_of, tell, wait_for_stage
from workbench.timed_engine import VirtualClock

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
WISH = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}


def test_a_snapshot_from_before_the_point_of_no_return_is_kept_and_named() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"))
    assert result.outcome is Outcome.GENERALIZED
    assert result.undo is not None
    assert result.made == (result.undo.id,)
    assert list(azure.things) == [result.undo.id]
    assert azure.things[result.undo.id]["golden-image-keep-until"].startswith(f"{result.undo.keep_until:%Y-%m-%d}")
    steps = [step for step, _ in azure.calls]
    assert steps.index("make_snapshot") < steps.index("start_deprovision")


def test_it_can_be_left_out() -> None:
    result, azure = tell(lambda azure: azure.add("vm1"), job(target={"undoSnapshot": False}))
    assert (result.outcome, result.undo, azure.things) == (Outcome.GENERALIZED, None, {})


def test_without_it_nothing_is_given_up() -> None:
    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["undo-snapshot"] = "failed"

    result, azure = tell(prepare)
    assert failure_of(result) is FailureCode.SNAPSHOT_FAILED
    assert "start_deprovision" not in azure.steps_of("vm1")
    assert azure.things == {}


@pytest.mark.parametrize(
    ("outcome", "kept"), [(GuestOutcome.REFUSED, False), (GuestOutcome.FAILED, True)], ids=["refused", "failed"]
)
def test_it_goes_when_the_guest_refused_and_stays_when_it_failed(outcome: GuestOutcome, kept: bool) -> None:
    result, azure = tell(lambda azure: azure.add("vm1", outcome=outcome, code="x", stops_after=None))
    assert [part_of(made) for made in azure.things] == (["undo-snapshot"] if kept else [])
    assert bool(result.made) is kept


def test_a_machine_that_was_generalized_before_is_published_without_being_sealed_again() -> None:
    state = machine(generalized=True, power_state=PowerState.DEALLOCATED)
    result, azure = tell(lambda azure: azure.add("vm1", state), job(target={"image": WISH}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert "start_deprovision" not in azure.steps_of("vm1")
    assert list(azure.things) == list(result.made)


def test_a_publish_that_fails_leaves_the_machine_generalized_and_says_so() -> None:
    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["version"] = "failed"

    result, azure = tell(prepare, job(target={"image": WISH}))
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert result.power_state == "deallocated"
    assert azure.steps_of("vm1").count("start_deprovision") == 1


def awaiting(running: RunningEngine, wanted: MachineJob) -> None:
    running.client.schedule_new_orchestration(
        GOLDEN_IMAGE, input=wanted.model_dump(mode="json", exclude_none=True), instance_id=wanted.run_id
    )
    wait_for_stage(running, wanted.run_id, Stage.AWAITING_APPROVAL)


def told(event: str, payload: Any, **approval: Any) -> tuple[MachineResult, FakeAzure]:
    """Let a run wait for its approval on a clock that stands still, tell it something, and let time go on."""
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    wanted = job(approval=Approval.model_validate({"timeoutMinutes": 60, **approval}))
    with engine(azure.activities(), clock) as running:
        clock.allow(clock.now())
        awaiting(running, wanted)
        assert "start_deprovision" not in azure.steps_of("vm1")
        running.client.raise_orchestration_event(wanted.run_id, event, data=payload)
        clock.allow(None)
        state = running.end_of(wanted.run_id)
        assert state.serialized_output is not None, state.failure_details
        return MachineResult.model_validate_json(state.serialized_output), azure


def yes(approved: bool = True) -> dict[str, Any]:
    decision = Decision(approved=approved, principal="boss@example.org", comment="seen")
    return json.loads(decision.model_dump_json(exclude_none=True))


def test_an_approved_run_goes_on_and_keeps_who_said_yes() -> None:
    result, azure = told(APPROVAL_EVENT, yes())
    assert result.outcome is Outcome.GENERALIZED
    assert result.decision is not None
    assert result.decision.principal == "boss@example.org"
    assert azure.steps_of("vm1").count("inspect_vm") == 2, "hours may have passed: it is judged again"


def test_a_run_that_is_not_approved_is_refused() -> None:
    result, azure = told(APPROVAL_EVENT, yes(approved=False))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NOT_APPROVED]
    assert "boss@example.org" in result.refusals[0].message
    assert azure.things == {}


def test_a_cancel_ends_the_waiting() -> None:
    result, azure = told(CANCEL_EVENT, {})
    assert result.outcome is Outcome.CANCELED
    assert azure.things == {}


@pytest.mark.parametrize(("on_timeout", "outcome"), [("refuse", Outcome.REFUSED), ("proceed", Outcome.GENERALIZED)])
def test_when_nobody_decides_the_request_says_what_happens(on_timeout: str, outcome: Outcome) -> None:
    approval = Approval.model_validate({"timeoutMinutes": 60, "onTimeout": on_timeout})
    result, _ = tell(lambda azure: azure.add("vm1"), job(approval=approval))
    assert result.outcome is outcome
    if outcome is Outcome.REFUSED:
        assert [refusal.code for refusal in result.refusals] == [RefusalCode.APPROVAL_TIMED_OUT]


def test_a_decision_from_before_the_run_began_counts() -> None:
    approval = Approval(timeout_minutes=60)
    result, _ = tell(lambda azure: azure.add("vm1"), job(approval=approval, decision=Decision(approved=True)))
    assert result.outcome is Outcome.GENERALIZED


def test_another_machine_under_the_approved_name_is_left_alone() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    guest = azure.add("vm1")
    wanted = job(approval=Approval(timeout_minutes=60))
    with engine(azure.activities(), clock) as running:
        clock.allow(clock.now())
        awaiting(running, wanted)
        other = guest.facts.machine.model_copy(update={"unique_id": "another"})
        guest.facts = guest.facts.model_copy(update={"machine": other})
        running.client.raise_orchestration_event(wanted.run_id, APPROVAL_EVENT, data=yes())
        clock.allow(None)
        state = running.end_of(wanted.run_id)
        assert state.serialized_output is not None, state.failure_details
        result = MachineResult.model_validate_json(state.serialized_output)
    assert failure_of(result) is FailureCode.MACHINE_REPLACED
    assert "start_deprovision" not in azure.steps_of("vm1")


def test_an_image_that_cannot_be_named_is_no_refusal_once_the_machine_was_given_up() -> None:
    image = f"{GROUP}/providers/Microsoft.Compute/images/web"

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.breaks["web"] = "taken"

    result, azure = tell(prepare, job(target={"image": {"kind": "managedImage", "imageId": image}}))
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert result.undo is not None
    assert list(azure.things) == [result.undo.id], "the way back is kept"


def test_a_snapshot_that_was_taken_away_again_is_not_named() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", outcome=GuestOutcome.REFUSED, code="x", stops_after=None))
    assert (result.outcome, result.undo, result.made) == (Outcome.REFUSED, None, ())


def test_a_generalized_machine_is_published_only_if_its_owner_still_gives_it() -> None:
    state = machine(generalized=True, power_state=PowerState.DEALLOCATED, tags={})
    result, _ = tell(lambda azure: azure.add("vm1", state), job(target={"image": WISH}))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NOT_OPTED_IN]
