"""The story of one machine, told on the in-memory engine under virtual time."""

import json
import logging
import time
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


def test_a_guest_that_refuses_is_a_refusal_and_its_run_command_goes() -> None:
    result, azure = tell(
        lambda azure: azure.add("vm1", outcome=GuestOutcome.REFUSED, code="agentMissing", stops_after=None)
    )
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert "agentMissing" in result.refusals[0].message
    assert azure.steps_of("vm1")[-1] == "remove_run_commands"
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
    result, azure = tell(lambda azure: azure.add("vm1", reports_after=None, stops_after=None))
    assert failure_of(result) is FailureCode.GUEST_NEVER_REPORTED
    assert "collect_evidence" in azure.steps_of("vm1")


def test_a_deallocation_that_never_ends_is_told() -> None:
    result, _ = tell(lambda azure: azure.add("vm1", deallocates_after=None))
    assert failure_of(result) is FailureCode.DEALLOCATE_TIMED_OUT


def test_a_machine_that_never_shows_generalized_is_not_believed() -> None:
    result, azure = tell(lambda azure: azure.add("vm1", generalizes=False))
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


def test_a_throttle_is_waited_out_on_a_durable_timer() -> None:
    def throttle(step: str, vm: str, nth: int) -> Answer | None:
        return Answer(try_again_after=300) if step == "inspect_vm" and nth == 1 else None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = throttle

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.steps_of("vm1").count("inspect_vm") == 2
    inspecting = next(timing for timing in result.timings if timing.stage is Stage.INSPECTING)
    assert 300 <= inspecting.seconds < 310


def test_reads_that_azure_does_not_answer_are_no_news_until_the_deadline() -> None:
    def broken(step: str, vm: str, nth: int) -> Answer | None:
        if step == "read_power_state" and nth <= 9:
            raise ConnectionError("no answer")
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = broken

    result, _ = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED


def test_azure_gone_before_anything_was_ordered_fails_and_gives_the_lease_back() -> None:
    def gone(step: str, vm: str, nth: int) -> Answer | None:
        if step == "inspect_vm" and nth <= 4:
            raise ConnectionError("no answer")
        return None

    clock = VirtualClock()
    azure = FakeAzure(now=clock.now, trouble=gone)
    azure.add("vm1")
    with engine(azure.activities(), clock) as running:
        first, second = run(running, job()), run(running, job(request_id="r2"))
    assert failure_of(first) is FailureCode.AZURE_UNAVAILABLE
    assert second.outcome is Outcome.GENERALIZED


def test_an_order_whose_answer_never_came_is_read_back() -> None:
    """The Run Command was put, every answer to the order was lost: the run goes on, and arms nothing twice."""

    def prepare(azure: FakeAzure) -> None:
        guest = azure.add("vm1", stops_after=1_100, reports_after=1_000)

        def lost(step: str, vm: str, nth: int) -> Answer | None:
            if step == "start_deprovision":
                guest.ordered_at, guest.armed = guest.ordered_at or azure.now(), 1
                raise ConnectionError("answer lost")
            return None

        azure.trouble = lost

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.guests["vm1"].armed == 1


def test_an_order_that_azure_refuses_ends_the_run_without_looking_for_evidence() -> None:
    def refused(step: str, vm: str, nth: int) -> Answer | None:
        if step == "start_deprovision":
            return Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "409 OperationNotAllowed"))
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = refused

    result, azure = tell(prepare)
    assert failure_of(result) is FailureCode.ORDER_REFUSED
    assert azure.steps_of("vm1")[-1] == "start_deprovision"


def test_a_live_run_keeps_its_machine() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first, second = job(), job(request_id="r2")
        azure.alive.add(first.run_id)
        running.client.schedule_new_orchestration(
            GOLDEN_IMAGE, input=first.model_dump(mode="json"), instance_id=first.run_id
        )
        wait_for_stage(running, first.run_id, Stage.DEPROVISIONING)
        refused = run(running, second)
        clock.allow(None)
        ended = running.end_of(first.run_id)
    assert [refusal.code for refusal in refused.refusals] == [RefusalCode.MACHINE_BUSY]
    assert first.run_id in refused.refusals[0].message
    assert ended.serialized_output is not None
    assert MachineResult.model_validate_json(ended.serialized_output).outcome is Outcome.GENERALIZED


def test_a_terminated_run_does_not_hold_its_machine_for_ever() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first = job()
        running.client.schedule_new_orchestration(
            GOLDEN_IMAGE, input=first.model_dump(mode="json"), instance_id=first.run_id
        )
        wait_for_stage(running, first.run_id, Stage.DEPROVISIONING)
        running.client.terminate_orchestration(first.run_id)
        running.end_of(first.run_id)
        clock.allow(None)
        second = run(running, job(request_id="r2"))
    assert second.outcome is Outcome.GENERALIZED


def test_a_cancel_before_the_point_of_no_return_leaves_the_machine_alone() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    asked = job()
    azure.trouble = lambda step, vm, nth: Answer(try_again_after=60) if step == "inspect_vm" and nth == 1 else None
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        running.client.schedule_new_orchestration(
            GOLDEN_IMAGE, input=asked.model_dump(mode="json"), instance_id=asked.run_id
        )
        wait_for_stage(running, asked.run_id, Stage.INSPECTING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        ended = running.end_of(asked.run_id)
        again = run(running, job(request_id="r2"))
    assert ended.serialized_output is not None
    result = MachineResult.model_validate_json(ended.serialized_output)
    assert result.outcome is Outcome.CANCELED
    assert azure.guests["vm1"].armed == 1, "armed by the second run only"
    assert again.outcome is Outcome.GENERALIZED


def test_a_cancel_after_the_point_of_no_return_changes_nothing() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    asked = job()
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        running.client.schedule_new_orchestration(
            GOLDEN_IMAGE, input=asked.model_dump(mode="json"), instance_id=asked.run_id
        )
        wait_for_stage(running, asked.run_id, Stage.DEPROVISIONING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        ended = running.end_of(asked.run_id)
    assert ended.serialized_output is not None
    assert MachineResult.model_validate_json(ended.serialized_output).outcome is Outcome.GENERALIZED


def test_a_result_that_cannot_be_sent_still_stands_in_the_run() -> None:
    def broken(step: str, vm: str, nth: int) -> Answer | None:
        if step == "send_result":
            raise ConnectionError("queue gone")
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = broken

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.sent == []


def test_the_audit_log_names_each_irreversible_step_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="golden_images.audit"):
        result, _ = tell(lambda azure: azure.add("vm1"))
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "golden_images.audit"]
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


def failure_of(result: MachineResult) -> FailureCode | None:
    assert result.outcome is Outcome.FAILED, result
    return result.failure.code if result.failure else None


def wait_for_stage(running: RunningEngine, run_id: str, stage: Stage) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = running.client.get_orchestration_state(run_id)
        status = state.serialized_custom_status if state else None
        if status and json.loads(status)["stage"] == stage and running.backend.is_idle():
            return
        time.sleep(0.01)
    raise AssertionError(f"{run_id} did not reach {stage}")
