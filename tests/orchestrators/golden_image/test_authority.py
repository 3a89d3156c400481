"""The app's settings are asked again by every change: a run may lose what it was allowed, at any time."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import PowerState
from contracts.image_options import Approval
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from tests.orchestrators.golden_image.test_clone import asked, source
from tests.orchestrators.golden_image.test_rollback_and_approval import yes
from tests.support.authority import live
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job
from tests.support.running import begin, failure_of, fleet, result_of, run_vm

NOTHING = live(allowed_scopes=())
PAUSED = live(paused=True)


def taken_at(azure: FakeAzure, activity: str, now: Any = NOTHING) -> None:
    """Change the app's settings while this activity runs for the first time."""

    def change(called: str, _about: str, _nth: int) -> None:
        if called == activity:
            azure.live = now

    azure.fault = change


def changed(azure: FakeAzure) -> list[str]:
    """Return the activities that changed something, in order."""
    reads = ("inspect_", "read_", "list_", "check_", "send_")
    return [activity for activity, _ in azure.calls if not activity.startswith(reads)]


def in_place(activity: str, now: Any = NOTHING) -> tuple[VmResult, FakeAzure]:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        taken_at(azure, activity, now)

    return run_vm(customize)


def test_a_forged_job_does_not_pass_the_settings_of_the_app() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.live = live(allowed_scopes=(), in_place_triggers=())

    result, azure = run_vm(customize)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.SCOPE_NOT_ALLOWED]
    assert (changed(azure), azure.calls[:-1]) == ([], [])


@pytest.mark.parametrize("activity", ["inspect_vm", "create_snapshot"])
def test_a_run_in_place_is_refused_before_the_point_of_no_return(activity: str) -> None:
    result, azure = in_place(activity)
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.SCOPE_NOT_ALLOWED]
    assert azure.guests["vm1"].requested == 0
    assert azure.resources == {}, "its snapshot is deleted"


@pytest.mark.parametrize("activity", ["start_deprovision", "read_deprovision", "deallocate_vm"])
def test_past_the_point_of_no_return_the_vm_is_only_deallocated(activity: str) -> None:
    result, azure = in_place(activity)
    assert failure_of(result) is FailureCode.NO_LONGER_ALLOWED
    assert "generalize_vm" not in azure.activities_of("vm1")
    assert result.power_state == PowerState.DEALLOCATED
    assert result.rollback_snapshot is not None


def test_a_request_without_an_answer_may_have_been_accepted() -> None:
    """Then a denial of the next attempt is no refusal."""

    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")

        def lost(activity: str, _about: str, nth: int) -> None:
            if activity == "start_deprovision" and nth == 1:
                azure.live = NOTHING
                azure.guests["vm1"].ordered_at = azure.now()
                raise RuntimeError("no answer")

        azure.fault = lost

    result, _ = run_vm(customize)
    assert failure_of(result) is FailureCode.NO_LONGER_ALLOWED
    assert result.power_state == PowerState.DEALLOCATED


@pytest.mark.parametrize(
    ("activity", "outcome"),
    [
        ("create_disk", Outcome.REFUSED),
        ("create_vm", Outcome.REFUSED),
        ("start_deprovision", Outcome.FAILED),
        ("create_image_version", Outcome.PUBLISHED),
    ],
)
def test_a_clone_is_deleted_whenever_the_settings_change(activity: str, outcome: Outcome) -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        taken_at(azure, activity)

    result, azure = run_vm(customize, asked())
    assert result.outcome is outcome, result
    assert set(azure.resources) <= set(result.created_resources)
    assert result.orphaned_resources == ()


def test_no_version_is_created_or_promoted_once_the_scope_is_gone() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        taken_at(azure, "generalize_vm")

    result, azure = run_vm(customize, asked())
    assert failure_of(result) is FailureCode.NO_LONGER_ALLOWED
    assert "create_image_version" not in {activity for activity, _ in azure.calls}
    assert azure.resources == {}


def paused_run(
    then: Callable[[RunningEngine, FakeAzure, str], None], wanted: VmJob | None = None
) -> tuple[VmResult, FakeAzure]:
    """Start a run while the app is paused; some hours later call `then`."""
    clock, azure = fleet("vm1")
    azure.live = PAUSED
    wanted = wanted or job()
    with engine(azure.activities(), clock) as running:
        clock.allow(clock.now())
        begin(running, wanted, Stage.INSPECTING)
        assert azure.calls == [], "a paused run asks Azure nothing"
        state = running.client.get_orchestration_state(wanted.run_id)
        assert state is not None
        assert '"paused": true' in (state.serialized_custom_status or "")
        then(running, azure, wanted.run_id)
        clock.allow(None)
        return result_of(running, wanted.run_id), azure


def test_a_paused_run_goes_on_when_the_pause_is_over() -> None:
    def resume(_running: RunningEngine, azure: FakeAzure, _run_id: str) -> None:
        azure.live = live()

    result, _ = paused_run(resume)
    assert result.outcome is Outcome.GENERALIZED


def test_a_paused_run_hears_a_cancel() -> None:
    def cancel(running: RunningEngine, _azure: FakeAzure, run_id: str) -> None:
        running.client.raise_orchestration_event(run_id, CANCEL_EVENT, data={})

    result, azure = paused_run(cancel)
    assert result.outcome is Outcome.CANCELED
    assert changed(azure) == []


def test_a_pause_without_end_ends_the_run_after_a_week() -> None:
    result, azure = paused_run(lambda _running, _azure, _run_id: None)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.APP_PAUSED]
    assert changed(azure) == []
    waited = next(timing.seconds for timing in result.timings if timing.stage is Stage.INSPECTING)
    assert 7 * 86_400 <= waited <= 7 * 86_400 + 3_600


def test_an_approved_run_that_is_paused_is_checked_again_when_it_goes_on() -> None:
    wanted = job(approval=Approval(timeout_minutes=60))

    def approve(running: RunningEngine, azure: FakeAzure, run_id: str) -> None:
        azure.live = live()
        running.clock.allow(None)
        running.client.raise_orchestration_event(run_id, APPROVAL_EVENT, data=yes())

    result, azure = paused_run(approve, wanted)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.activities_of("vm1").count("inspect_vm") == 2


def test_a_pause_before_the_point_of_no_return_leaves_nothing_that_costs_money() -> None:
    result, azure = in_place("create_snapshot", PAUSED)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.APP_PAUSED]
    assert (azure.resources, azure.guests["vm1"].requested) == ({}, 0)


def test_a_run_that_is_paused_while_it_looks_into_the_vm_waits_and_goes_on() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")

        def change(called: str, _about: str, nth: int) -> None:
            if (called, nth) == ("check_authority", 2):
                azure.live = PAUSED
            if (called, nth) == ("read_run_state", 5):
                azure.live = live()

        azure.fault = change

    result, azure = run_vm(customize)
    assert result.outcome is Outcome.GENERALIZED, result
    assert [activity for activity, _ in azure.denied] == ["read_identity", "check_authority", "check_authority"]
    assert "read_identity" in azure.activities_of("vm1"), "it looked into the VM afterwards"


def test_a_run_past_the_point_of_no_return_is_not_paused() -> None:
    result, _ = in_place("start_deprovision", PAUSED)
    assert result.outcome is Outcome.GENERALIZED


def test_a_clone_that_is_paused_is_deleted() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        taken_at(azure, "create_vm", PAUSED)

    result, azure = run_vm(customize, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.APP_PAUSED]
    assert azure.resources == {}


def test_an_approval_that_is_demanded_since_is_missing() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.live = live(approval_modes=("inPlace",))

    result, azure = run_vm(customize)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.APPROVAL_REQUIRED]
    assert changed(azure) == []


def test_nobody_decided_is_no_approval_where_one_is_demanded() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.live = live(approval_modes=("inPlace",))

    proceed = Approval(timeout_minutes=60, on_timeout="proceed")
    result, azure = run_vm(customize, job(approval=proceed))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.APPROVAL_REQUIRED]
    assert changed(azure) == []
