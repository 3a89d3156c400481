"""One run at a time for each VM, and what a cancel does before and after the point of no return."""

from contracts.answer import Answer
from contracts.catalog import GOLDEN_IMAGE
from contracts.error_codes import RefusalCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.task_hub import VirtualClock
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job
from tests.support.running import run, wait_for_stage

# While the clock is stopped no snapshot is ever completed.
WITHOUT_SNAPSHOT = {"rollbackSnapshot": False}


def begin(running: RunningEngine, asked: VmJob, stage: Stage) -> None:
    """Start a run, and wait until it has reached a stage."""
    document = asked.model_dump(mode="json")
    running.client.schedule_new_orchestration(GOLDEN_IMAGE, input=document, instance_id=asked.run_id)
    wait_for_stage(running, asked.run_id, stage)


def test_an_active_run_keeps_its_lease() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first, second = job(target=WITHOUT_SNAPSHOT), job(request_id="r2")
        azure.alive.add(first.run_id)
        begin(running, first, Stage.DEPROVISIONING)
        refused = run(running, second)
        clock.allow(None)
        ended = running.end_of(first.run_id)
    assert [refusal.code for refusal in refused.refusals] == [RefusalCode.VM_BUSY]
    assert first.run_id in refused.refusals[0].message
    assert ended.serialized_output is not None
    assert VmResult.model_validate_json(ended.serialized_output).outcome is Outcome.GENERALIZED


def test_a_terminated_run_does_not_keep_its_lease() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first = job(target=WITHOUT_SNAPSHOT)
        begin(running, first, Stage.DEPROVISIONING)
        running.client.terminate_orchestration(first.run_id)
        running.end_of(first.run_id)
        clock.allow(None)
        second = run(running, job(request_id="r2"))
    assert second.outcome is Outcome.GENERALIZED


def test_a_cancel_before_the_point_of_no_return_leaves_the_vm_alone() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    asked = job()
    azure.fault = lambda activity, vm, nth: (
        Answer(try_again_after=60) if activity == "inspect_vm" and nth == 1 else None
    )
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        begin(running, asked, Stage.INSPECTING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        ended = running.end_of(asked.run_id)
        again = run(running, job(request_id="r2"))
    assert ended.serialized_output is not None
    result = VmResult.model_validate_json(ended.serialized_output)
    assert result.outcome is Outcome.CANCELED
    assert azure.guests["vm1"].requested == 1, "requested by the second run only"
    assert again.outcome is Outcome.GENERALIZED


def test_a_cancel_after_the_point_of_no_return_changes_nothing() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    asked = job(target=WITHOUT_SNAPSHOT)
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        begin(running, asked, Stage.DEPROVISIONING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        ended = running.end_of(asked.run_id)
    assert ended.serialized_output is not None
    result = VmResult.model_validate_json(ended.serialized_output)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert any("cancel came too late" in note for note in result.evidence.notes)


def test_a_holder_that_the_engine_does_not_know_is_asked_for_again() -> None:
    """It may not be listed yet; only if it is still unknown a minute later, its lease is taken over."""
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    azure.add("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first, second = job(target=WITHOUT_SNAPSHOT), job(request_id="r2")
        begin(running, first, Stage.DEPROVISIONING)
        begin(running, second, Stage.INSPECTING)
        azure.alive.add(first.run_id)
        clock.allow(None)
        ended = running.end_of(second.run_id)
    assert ended.serialized_output is not None
    refused = VmResult.model_validate_json(ended.serialized_output)
    assert [refusal.code for refusal in refused.refusals] == [RefusalCode.VM_BUSY]
