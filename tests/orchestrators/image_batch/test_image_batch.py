"""The orchestration of a whole request, on the emulated engine under virtual time."""

import json
import logging
import time
from typing import Any

import pytest

from contracts.answer import Answer
from contracts.catalog import IMAGE_BATCH
from contracts.facts import PowerState
from contracts.results import Outcome, RunResult
from contracts.run import AcceptedRun
from tests.support.engine import RunningEngine, engine
from tests.support.log_lines import audit_lines
from tests.support.requests import accepted, request, settings, vm_state
from tests.support.running import fleet


def run(running: RunningEngine, asked: AcceptedRun) -> RunResult:
    running.client.schedule_new_orchestration(IMAGE_BATCH, input=_input(asked), instance_id=asked.run_id)
    return result_of(running, asked.run_id)


def result_of(running: RunningEngine, run_id: str) -> RunResult:
    state = running.end_of(run_id)
    assert state.serialized_output is not None, state.failure_details
    return RunResult.model_validate_json(state.serialized_output)


def _input(asked: AcceptedRun) -> dict[str, Any]:
    return asked.model_dump(mode="json", exclude_none=True)


def test_every_vm_has_its_own_outcome() -> None:
    names = ("a", "b", "c", "d")
    clock, azure = fleet(*names)
    azure.add("b", vm_state("b", tags={}))
    azure.add("c", vm_state("c"), stops_after=None)
    azure.add("d", vm_state("d", generalized=True, power_state=PowerState.DEALLOCATED))
    with engine(azure.activities(), clock) as running:
        result = run(running, accepted(request(*names)))
    assert result.counts == {
        Outcome.GENERALIZED: 1,
        Outcome.REFUSED: 1,
        Outcome.FAILED: 1,
        Outcome.ALREADY_GENERALIZED: 1,
    }
    codes = {summary.vm_id.name: summary.code for summary in result.vms}
    assert codes == {"a": None, "b": "NotOptedIn", "c": "StopTimedOut", "d": None}
    assert [summary.outcome for summary in result.vms[:2]] != [Outcome.GENERALIZED] * 2, "failures come first"


def test_one_message_a_vm_and_one_a_run() -> None:
    clock, azure = fleet("a", "b")
    with engine(azure.activities(), clock) as running:
        run(running, accepted(request("a", "b")))
    kinds = [json.loads(text)["kind"] for text in azure.sent]
    assert kinds == ["vm", "vm", "run"]


@pytest.mark.parametrize("at_once", [1, 3])
def test_at_most_max_parallel_vms_are_running(at_once: int) -> None:
    names = [f"m{number}" for number in range(at_once + 2)]
    clock, azure = fleet(*names)
    active: set[str] = set()
    peak = 0

    def watch(activity: str, vm: str, nth: int) -> Answer | None:
        nonlocal peak
        if activity == "inspect_vm":
            active.add(vm)
            peak = max(peak, len(active))
        if activity == "generalize_vm":
            active.discard(vm)
        return None

    azure.fault = watch
    with engine(azure.activities(), clock) as running:
        result = run(running, accepted(request(*names, maxParallel=at_once)))
    assert result.counts == {Outcome.GENERALIZED: at_once + 2}
    assert peak == at_once


def test_an_orchestration_that_fails_is_one_failed_vm() -> None:
    """An answer that cannot be parsed is an error in this app: it ends one VM, not the batch."""
    clock, azure = fleet("a", "b")
    activities = dict(azure.activities())
    good = activities["inspect_vm"]

    def inspect(payload: dict[str, Any]) -> dict[str, Any]:
        return {"facts": "nonsense"} if payload["vmId"].endswith("/a") else good(payload)

    activities["inspect_vm"] = inspect
    with engine(activities, clock) as running:
        result = run(running, accepted(request("a", "b")))
    assert {summary.vm_id.name: summary.outcome for summary in result.vms} == {
        "a": Outcome.FAILED,
        "b": Outcome.GENERALIZED,
    }
    assert {summary.code for summary in result.vms} == {"Unexpected", None}


def test_a_cancel_starts_no_more_vms_and_lets_the_others_end() -> None:
    clock, azure = fleet("a", "b", "c")
    asked = accepted(request("a", "b", "c", maxParallel=1, target={"rollbackSnapshot": False}))
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        running.client.schedule_new_orchestration(IMAGE_BATCH, input=_input(asked), instance_id=asked.run_id)
        _until(lambda: "start_deprovision" in azure.activities_of("a") and running.backend.is_idle())
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        _until(lambda: _status(running, asked.run_id).get("canceled") is True)
        clock.allow(None)
        result = result_of(running, asked.run_id)
    assert {summary.vm_id.name: summary.outcome for summary in result.vms} == {
        "a": Outcome.GENERALIZED,
        "b": Outcome.CANCELED,
        "c": Outcome.CANCELED,
    }
    assert azure.activities_of("b") == []
    reported = {json.loads(text)["vmId"].rsplit("/", 1)[1] for text in azure.sent if json.loads(text)["kind"] == "vm"}
    assert reported == {"a", "b", "c"}, "every VM has a result, also those that never started"


def test_a_cancel_reaches_a_vm_that_is_not_past_the_point_of_no_return() -> None:
    clock, azure = fleet("a")
    azure.fault = lambda activity, vm, nth: (
        Answer(try_again_after=60) if activity == "inspect_vm" and nth == 1 else None
    )
    asked = accepted(request("a"))
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        running.client.schedule_new_orchestration(IMAGE_BATCH, input=_input(asked), instance_id=asked.run_id)
        _until(lambda: "inspect_vm" in azure.activities_of("a") and running.backend.is_idle())
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        _until(lambda: _status(running, asked.run_id).get("canceled") is True and running.backend.is_idle())
        clock.allow(None)
        result = result_of(running, asked.run_id)
    assert result.counts == {Outcome.CANCELED: 1}
    assert azure.guests["a"].requested == 0


def test_the_audit_log_records_once_who_requested_what_through_which_trigger(caplog: pytest.LogCaptureFixture) -> None:
    clock, azure = fleet("a")
    asked = accepted(request("a"), trigger="http", caller={"principal": "ops@example.com"})
    with caplog.at_level(logging.INFO, logger="golden_images"), engine(azure.activities(), clock) as running:
        run(running, asked)
    accepted_lines = [line for line in audit_lines(caplog) if line["event"] == "run accepted"]
    assert len(accepted_lines) == 1
    assert accepted_lines[0]["trigger"] == "http"
    assert accepted_lines[0]["principal"] == "ops@example.com"
    assert accepted_lines[0]["vms"] == [f"inPlace {asked.request.targets[0].vm_id}"]


def _status(running: RunningEngine, run_id: str) -> dict[str, Any]:
    state = running.client.get_orchestration_state(run_id)
    return json.loads(state.serialized_custom_status) if state and state.serialized_custom_status else {}


def _until(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)


def test_the_tags_of_the_settings_and_of_the_request_go_on_what_is_created() -> None:
    clock, azure = fleet("a")
    asked = accepted(request("a", tags={"OWNER": "web"}), settings=settings(tags={"owner": "images team", "cost": "1"}))
    with engine(azure.activities(), clock) as running:
        run(running, asked)
    (snapshot,) = azure.wanted
    (started,) = azure.started
    assert {name: snapshot.tags[name] for name in ("OWNER", "cost")} == started.tags == {"OWNER": "web", "cost": "1"}
