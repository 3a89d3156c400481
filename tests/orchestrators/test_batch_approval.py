"""An approval of a whole request reaches every machine: those that wait for it and those that begin later."""

import json
import time
from collections.abc import Callable
from typing import Any

from contracts.results import MachineResult, Outcome, RunResult
from contracts.run import Decision
from contracts.steps import APPROVAL_EVENT, IMAGE_BATCH
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import accepted, machine, request
from workbench.timed_engine import VirtualClock

ASKED = {"approval": {"timeoutMinutes": 60}, "target": {"undoSnapshot": False}}
RUN_ID = "batch-r1"


def told(
    say: Callable[[RunningEngine], None], *names: str, wait_for: int = 1, **more: Any
) -> tuple[RunResult, list[MachineResult], FakeAzure]:
    """Let machines wait for their approval on a clock that stands still, say something, and let time go on."""
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    for name in names:
        azure.add(name, machine(name))
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        document = accepted(request(*names, **{**ASKED, **more})).model_dump(mode="json", exclude_none=True)
        running.client.schedule_new_orchestration(IMAGE_BATCH, input=document, instance_id=RUN_ID)
        until(lambda: len(waiting(running)) == wait_for and running.backend.is_idle())
        say(running)
        clock.allow(None)
        state = running.end_of(RUN_ID)
    assert state.serialized_output is not None, state.failure_details
    machines = [MachineResult.model_validate_json(text) for text in azure.sent if json.loads(text)["kind"] == "machine"]
    return RunResult.model_validate_json(state.serialized_output), machines, azure


def waiting(running: RunningEngine) -> list[str]:
    states = running.client.get_all_orchestration_states()
    return [s.instance_id for s in states if "awaitingApproval" in (s.serialized_custom_status or "")]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def say(approved: bool, principal: str = "boss@example.org") -> Callable[[RunningEngine], None]:
    decision = Decision(approved=approved, principal=principal, comment="seen")
    event = decision.model_dump(mode="json", exclude_none=True)
    return lambda running: running.client.raise_orchestration_event(RUN_ID, APPROVAL_EVENT, data=event)


def test_a_yes_reaches_the_machine_that_waits_and_those_that_begin_later() -> None:
    result, machines, _ = told(say(True), "a", "b", "c", maxParallel=1)
    assert result.counts == {Outcome.GENERALIZED: 3}
    assert {each.decision.principal for each in machines if each.decision} == {"boss@example.org"}
    assert all(each.decision and each.decision.comment == "seen" for each in machines)


def test_a_no_ends_every_machine_before_anything_was_changed() -> None:
    result, machines, azure = told(say(False), "a", "b", "c", maxParallel=2, wait_for=2)
    assert result.counts == {Outcome.REFUSED: 3}
    assert {refusal.code for each in machines for refusal in each.refusals} == {"NotApproved"}
    assert sum(guest.armed for guest in azure.guests.values()) == 0


def test_the_first_decision_counts() -> None:
    def twice(running: RunningEngine) -> None:
        say(True)(running)
        say(False, "late@example.org")(running)

    result, machines, _ = told(twice, "a", "b", maxParallel=1)
    assert result.counts == {Outcome.GENERALIZED: 2}
    assert {each.decision.principal for each in machines if each.decision} == {"boss@example.org"}


def test_an_event_that_is_no_decision_is_waited_past() -> None:
    def noise_first(running: RunningEngine) -> None:
        running.client.raise_orchestration_event(RUN_ID, APPROVAL_EVENT, data={"approved": "perhaps"})
        say(True)(running)

    assert told(noise_first, "a")[0].counts == {Outcome.GENERALIZED: 1}


def test_nobody_decides_and_the_request_says_what_then() -> None:
    refused, machines, _ = told(lambda running: None, "a")
    proceeded, _, _ = told(lambda running: None, "a", approval={"timeoutMinutes": 60, "onTimeout": "proceed"})
    assert refused.counts == {Outcome.REFUSED: 1}
    assert machines[0].refusals[0].code == "ApprovalTimedOut"
    assert proceeded.counts == {Outcome.GENERALIZED: 1}


def test_the_run_shows_its_decision() -> None:
    shown: list[dict[str, Any]] = []

    def look(running: RunningEngine) -> None:
        say(True)(running)
        until(lambda: "decision" in status(running))
        shown.append(status(running))

    told(look, "a")
    assert shown[0]["decision"] == {"approved": True, "principal": "boss@example.org", "comment": "seen"}


def status(running: RunningEngine) -> dict[str, Any]:
    state = running.client.get_orchestration_state(RUN_ID)
    return json.loads(state.serialized_custom_status) if state and state.serialized_custom_status else {}
