"""An approval of a whole request reaches every VM: those that wait for it and those that start later."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts.catalog import APPROVAL_EVENT, IMAGE_BATCH
from contracts.results import Outcome, RunResult, VmResult
from contracts.run import Decision
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import accepted, request
from tests.support.running import fleet

ASKED = {"approval": {"timeoutMinutes": 60}, "target": {"rollbackSnapshot": False}}
RUN_ID = "batch-r1"


def run_with_event(
    send: Callable[[RunningEngine], None], *names: str, wait_for: int = 1, **more: Any
) -> tuple[RunResult, list[VmResult], FakeAzure]:
    """Stop the clock until the VMs wait for approval, call `send`, and let time go on."""
    clock, azure = fleet(*names)
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        document = accepted(request(*names, **{**ASKED, **more})).model_dump(mode="json", exclude_none=True)
        running.client.schedule_new_orchestration(IMAGE_BATCH, input=document, instance_id=RUN_ID)
        until(lambda: len(waiting(running)) == wait_for and running.backend.is_idle())
        send(running)
        clock.allow(None)
        state = running.end_of(RUN_ID)
    assert state.serialized_output is not None, state.failure_details
    vms = [VmResult.model_validate_json(text) for text in azure.sent if json.loads(text)["kind"] == "vm"]
    return RunResult.model_validate_json(state.serialized_output), vms, azure


def waiting(running: RunningEngine) -> list[str]:
    states = running.client.get_all_orchestration_states()
    return [s.instance_id for s in states if "awaitingApproval" in (s.serialized_custom_status or "")]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)


def send(approved: bool, principal: str = "boss@example.org") -> Callable[[RunningEngine], None]:
    decision = Decision(approved=approved, principal=principal, comment="seen")
    event = decision.model_dump(mode="json", exclude_none=True)
    return lambda running: running.client.raise_orchestration_event(RUN_ID, APPROVAL_EVENT, data=event)


def test_an_approval_reaches_the_waiting_vm_and_those_that_start_later() -> None:
    result, vms, _ = run_with_event(send(True), "a", "b", "c", maxParallel=1)
    assert result.counts == {Outcome.GENERALIZED: 3}
    assert {each.decision.principal for each in vms if each.decision} == {"boss@example.org"}
    assert all(each.decision and each.decision.comment == "seen" for each in vms)


def test_a_denial_ends_every_vm_before_anything_was_changed() -> None:
    result, vms, azure = run_with_event(send(False), "a", "b", "c", maxParallel=2, wait_for=2)
    assert result.counts == {Outcome.REFUSED: 3}
    assert {refusal.code for each in vms for refusal in each.refusals} == {"NotApproved"}
    assert sum(guest.requested for guest in azure.guests.values()) == 0


def test_the_first_decision_counts() -> None:
    def twice(running: RunningEngine) -> None:
        send(True)(running)
        send(False, "late@example.org")(running)

    result, vms, _ = run_with_event(twice, "a", "b", maxParallel=1)
    assert result.counts == {Outcome.GENERALIZED: 2}
    assert {each.decision.principal for each in vms if each.decision} == {"boss@example.org"}


@pytest.mark.parametrize(("approved", "outcome"), [(True, Outcome.GENERALIZED), (False, Outcome.REFUSED)])
def test_an_event_without_a_decision_is_ignored(approved: bool, outcome: Outcome) -> None:
    def noise_first(running: RunningEngine) -> None:
        running.client.raise_orchestration_event(RUN_ID, APPROVAL_EVENT, data={"approved": "perhaps"})
        send(approved)(running)

    assert run_with_event(noise_first, "a")[0].counts == {outcome: 1}


def test_without_a_decision_the_request_decides_what_happens() -> None:
    refused, vms, _ = run_with_event(lambda running: None, "a")
    proceeded, _, _ = run_with_event(lambda running: None, "a", approval={"timeoutMinutes": 60, "onTimeout": "proceed"})
    assert refused.counts == {Outcome.REFUSED: 1}
    assert vms[0].refusals[0].code == "ApprovalTimedOut"
    assert proceeded.counts == {Outcome.GENERALIZED: 1}


def test_the_run_shows_its_decision() -> None:
    shown: list[dict[str, Any]] = []

    def record_status(running: RunningEngine) -> None:
        send(True)(running)
        until(lambda: "decision" in status(running))
        shown.append(status(running))

    run_with_event(record_status, "a")
    assert shown[0]["decision"] == {"approved": True, "principal": "boss@example.org", "comment": "seen"}


def status(running: RunningEngine) -> dict[str, Any]:
    state = running.client.get_orchestration_state(RUN_ID)
    return json.loads(state.serialized_custom_status) if state and state.serialized_custom_status else {}
