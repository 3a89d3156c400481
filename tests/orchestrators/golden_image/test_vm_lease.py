"""One run at a time for each VM, and what a cancel does before and after the point of no return."""

from contracts.answer import Answer
from contracts.error_codes import RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.engine import engine
from tests.support.requests import job
from tests.support.running import begin, fleet, meets, result_of, run

# While the clock is stopped no snapshot is ever completed.
WITHOUT_SNAPSHOT = {"rollbackSnapshot": False}


def test_an_active_run_keeps_its_lease() -> None:
    clock, azure = fleet("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first, second = job(target=WITHOUT_SNAPSHOT), job(request_id="r2")
        azure.alive.add(first.run_id)
        begin(running, first, Stage.DEPROVISIONING)
        refused = run(running, second)
        clock.allow(None)
        ended = result_of(running, first.run_id)
    assert [refusal.code for refusal in refused.refusals] == [RefusalCode.VM_BUSY]
    assert first.run_id in refused.refusals[0].message
    assert ended.outcome is Outcome.GENERALIZED


def test_a_terminated_run_does_not_keep_its_lease() -> None:
    clock, azure = fleet("vm1")
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
    clock, azure = fleet()
    meets("inspect_vm", Answer(try_again_after=60), times=1)(azure)
    asked = job()
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        begin(running, asked, Stage.INSPECTING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        result = result_of(running, asked.run_id)
        again = run(running, job(request_id="r2"))
    assert result.outcome is Outcome.CANCELED
    assert azure.guests["vm1"].requested == 1, "requested by the second run only"
    assert again.outcome is Outcome.GENERALIZED


def test_a_cancel_after_the_point_of_no_return_changes_nothing() -> None:
    clock, azure = fleet("vm1")
    asked = job(target=WITHOUT_SNAPSHOT)
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        begin(running, asked, Stage.DEPROVISIONING)
        running.client.raise_orchestration_event(asked.run_id, "cancel", data={})
        clock.allow(None)
        result = result_of(running, asked.run_id)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert any("cancel came too late" in note for note in result.evidence.notes)


def test_a_holder_that_the_engine_does_not_know_is_asked_for_again() -> None:
    """It may not be listed yet; only if it is still unknown a minute later, its lease is taken over."""
    clock, azure = fleet("vm1")
    clock.allow(clock.now())
    with engine(azure.activities(), clock) as running:
        first, second = job(target=WITHOUT_SNAPSHOT), job(request_id="r2")
        begin(running, first, Stage.DEPROVISIONING)
        begin(running, second, Stage.INSPECTING)
        azure.alive.add(first.run_id)
        clock.allow(None)
        refused = result_of(running, second.run_id)
    assert [refusal.code for refusal in refused.refusals] == [RefusalCode.VM_BUSY]
