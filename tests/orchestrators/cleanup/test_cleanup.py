"""The orchestration of a cleanup, run on the emulated engine under virtual time."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts.answer import Answer
from contracts.catalog import CLEANUP, VM_LEASE
from contracts.cleanup import CleanupJob, CleanupMode, CleanupResult
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState
from contracts.resources import Kind, Purpose, resource_name
from emulators.task_hub import VirtualClock
from tests.support.cleanups import NOW, OVER, cleanup_job, ended, orphan
from tests.support.engine import RunningEngine, engine
from tests.support.fake_orphans import FakeOrphans
from tests.support.log_lines import audit_lines
from tests.support.requests import vm_id, vm_state

TEMPORARY = [Kind.SNAPSHOT, Kind.DISK, Kind.VM, Kind.SECURITY_GROUP, Kind.NETWORK_INTERFACE]
RESOURCES = tuple(orphan(kind) for kind in TEMPORARY)


def run(
    job: CleanupJob, customize: Callable[[RunningEngine], None] | None = None, **more: Any
) -> tuple[CleanupResult, FakeOrphans]:
    clock = VirtualClock(NOW + timedelta(seconds=1))
    left = FakeOrphans(clock, **more)
    with engine(left.activities(), clock) as running:
        if customize is not None:
            customize(running)
        state = running.run(CLEANUP, job.model_dump(mode="json", exclude_none=True), job.cleanup_id)
    assert state.serialized_output is not None, state.failure_details
    return CleanupResult.model_validate_json(state.serialized_output), left


def raising(broken: str) -> Callable[[str], Answer | None]:
    def fault(activity: str) -> Answer | None:
        if activity == broken:
            raise RuntimeError("no answer")
        return None

    return fault


def test_resources_of_an_ended_run_are_deleted_kind_by_kind_in_the_order_of_arm() -> None:
    result, left = run(cleanup_job(), found=RESOURCES)
    assert sorted(result.deleted) == sorted(each.resource.id for each in RESOURCES)
    assert (result.looked_at, result.failed, result.kept) == (5, (), ())
    order = list(dict.fromkeys(left.called("delete_resource")))
    assert [next(k for k in Kind if f"/{k}/" in each) for each in order] == list(Kind)[:5]
    assert left.called("read_run_state") == [OVER], "each run is queried once"


def test_a_dry_run_only_reports() -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    result, left = run(cleanup_job(CleanupMode.REPORT), found=RESOURCES, ended=(ended(),), stuck={"vm1": stopped})
    assert sorted(result.would_delete) == sorted(each.resource.id for each in RESOURCES)
    assert result.would_deallocate == (vm_id(),)
    assert (result.deleted, result.deallocated) == ((), ())
    assert {activity for activity, _ in left.calls} == {
        "find_orphaned_resources", "read_run_state", "find_ended_runs", "read_stuck_vm", "send_result",
    }  # fmt: skip


def test_a_resource_that_must_be_kept_is_listed_with_its_reason() -> None:
    alive, image = orphan(run_id="vm-alive-0"), orphan(Kind.MANAGED_IMAGE, "vm-image-0", purpose=Purpose.IMAGE)
    strange = orphan(run_id="vm-strange-0", name="web-os-disk")
    result, left = run(cleanup_job(), found=(alive, image, strange), alive=frozenset({"vm-alive-0"}))
    assert result.deleted == ()
    why = {note.id: note.why for note in result.kept}
    assert why[alive.resource.id] == "run vm-alive-0 has not ended"
    assert set(why) == {alive.resource.id, image.resource.id, strange.resource.id}
    assert why[image.resource.id].startswith("it is an image of run vm-image-0, which has ended")
    assert sorted(left.called("read_run_state")) == ["vm-alive-0", "vm-image-0"]


def test_resources_of_a_run_from_another_task_hub_are_kept_longer() -> None:
    unknown = frozenset({OVER})
    reported, left = run(cleanup_job(unknown_age_minutes=181), found=RESOURCES, unknown=unknown)
    assert {note.why for note in reported.kept} == {
        f"run {OVER} is not in this task hub, and it is younger than 181 minutes"
    }
    assert left.called("delete_resource") == []
    done, _ = run(cleanup_job(unknown_age_minutes=180), found=RESOURCES, unknown=unknown)
    assert len(done.deleted) == 5


def test_every_deletion_is_tried_even_if_another_fails() -> None:
    stuck = RESOURCES[2].resource.id
    result, left = run(cleanup_job(), found=RESOURCES, refused={stuck: "ScopeLocked: a lock"})
    assert len(result.deleted) == 4
    assert [(note.id, note.why) for note in result.failed] == [(stuck, "ScopeLocked: a lock")]
    assert left.called("delete_resource").count(stuck) == 3


def test_a_resource_that_is_not_gone_at_the_deadline_is_listed() -> None:
    result, _ = run(cleanup_job(), found=RESOURCES[:2], gone_after=10**6)
    assert {note.why for note in result.failed} == {"Azure was still deleting it at the deadline"}
    assert len(result.failed) == 2


def test_nothing_is_deleted_if_listing_is_rejected_or_the_engine_does_not_answer() -> None:
    refused = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "AuthorizationFailed"))
    unlisted, _ = run(cleanup_job(), found=RESOURCES, fault={"find_orphaned_resources": refused}.get)
    silent, left = run(cleanup_job(), found=RESOURCES, fault=raising("read_run_state"))
    assert [note.why for note in unlisted.failed] == ["AuthorizationFailed"]
    assert unlisted.deleted == silent.deleted == ()
    assert left.called("delete_resource") == []
    assert len(silent.kept) == 5, "a run counts as active if the engine does not answer"


def test_a_deletion_that_raises_is_tried_again_and_listed_at_the_end() -> None:
    result, left = run(cleanup_job(), found=RESOURCES[:1], fault=raising("delete_resource"))
    assert [note.id for note in result.failed] == [RESOURCES[0].resource.id]
    assert "no answer" in result.failed[0].why
    assert len(left.called("delete_resource")) == 3


def test_one_cleanup_deletes_a_limited_number_of_resources_vms_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrators.cleanup.orchestrator._MOST_DELETES", 3)
    disks = tuple(orphan(name=resource_name(OVER, f"disk-{n}")) for n in range(5))
    result, _ = run(cleanup_job(), found=(*disks, orphan(Kind.VM)), gone_after=0)
    assert len(result.deleted) == 3
    assert result.deleted[0] == orphan(Kind.VM).resource.id
    assert {note.why for note in result.kept} == {
        "one cleanup deletes at most 3 resources; the next cleanup will delete it"
    }


def test_a_resource_in_two_overlapping_scopes_is_listed_once() -> None:
    group = cleanup_job().scopes[0]
    result, left = run(cleanup_job(scopes=(group, group)), found=RESOURCES)
    assert result.looked_at == 5
    assert len(result.deleted) == 5
    assert len(left.called("find_orphaned_resources")) == 2


def test_a_stopped_vm_of_a_terminated_run_is_deallocated() -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    result, left = run(cleanup_job(), ended=(ended(),), stuck={"vm1": stopped})
    assert result.deallocated == (vm_id(),)
    assert left.called("deallocate_vm") == [vm_id()]
    assert left.asked_since == NOW - timedelta(days=7)


@pytest.mark.parametrize("alive", [True, False])
def test_a_vm_leased_by_another_active_run_is_left_alone(alive: bool) -> None:
    """That run would treat the deallocation as external."""

    def hold(running: RunningEngine) -> None:
        from durabletask.entities import EntityInstanceId

        lease = EntityInstanceId(VM_LEASE, ended().vm_id.digest)
        running.client.signal_entity(lease, "acquire", {"holder": "vm-other-0", "ticket": "1"})
        while running.client.get_entity(lease) is None:
            pass

    stopped, other = vm_state(power_state=PowerState.STOPPED), frozenset({"vm-other-0"} if alive else ())
    result, left = run(cleanup_job(), hold, ended=(ended(),), stuck={"vm1": stopped}, alive=other)
    assert (left.called("deallocate_vm") == []) is alive
    assert [note.why for note in result.kept] == (["run vm-other-0 holds the VM"] if alive else [])


def test_two_ended_runs_on_one_vm_deallocate_it_once() -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    result, left = run(cleanup_job(), ended=(ended(), ended(run_id="vm-r2-0")), stuck={"vm1": stopped})
    assert result.deallocated == (vm_id(),)
    assert len(left.called("deallocate_vm")) == 1


def test_a_vm_that_does_not_deallocate_is_listed() -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    result, _ = run(cleanup_job(), ended=(ended(),), stuck={"vm1": stopped}, deallocates=False)
    assert [(note.id, note.why) for note in result.failed] == [
        (vm_id(), "deallocation was requested, and the power state is still deallocating at the deadline")
    ]


def test_the_audit_log_lists_resources_before_they_are_deleted_and_counts_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "golden_images"):
        run(cleanup_job(), found=RESOURCES)
    lines = audit_lines(caplog)
    assert [line["event"] for line in lines] == ["cleanup started", "deleting orphaned resources", "cleanup ended"]
    assert sorted(lines[1]["resources"]) == sorted(each.resource.id for each in RESOURCES)
    assert (lines[2]["deleted"], lines[2]["lookedAt"], lines[2]["runId"]) == (5, 5, "cleanup-1")


def sent_of(left: FakeOrphans) -> CleanupResult:
    (text,) = left.sent
    return CleanupResult.model_validate_json(text)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [each for each in caplog.records if each.name == "golden_images" and each.levelno == logging.WARNING]
    return [json.loads(each.message) for each in records]


def test_a_dry_run_logs_a_warning_and_sends_its_result(caplog: pytest.LogCaptureFixture) -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    asked = cleanup_job(CleanupMode.REPORT)
    result, left = run(asked, found=RESOURCES, ended=(ended(),), stuck={"vm1": stopped})
    billed, warned = warnings_of(caplog)
    assert (billed["event"], billed["vm"]) == ("stopped and billed", vm_id())
    assert result.stopped_and_billed == (vm_id(),)
    assert sent_of(left) == result
    assert (result.counts["wouldDelete"], result.counts["wouldDeallocate"], result.counts["deleted"]) == (5, 1, 0)
    assert (warned["runId"], warned["mode"], warned["counts"]) == ("cleanup-1", "report", result.counts)
    assert set(warned["resources"]) == {*result.would_delete, vm_id()}


def test_a_cleanup_sends_what_it_did_and_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    gone, left = run(cleanup_job(), found=RESOURCES)
    assert sent_of(left).deleted == gone.deleted
    stopped = vm_state(power_state=PowerState.STOPPED)
    _, left = run(cleanup_job(), ended=(ended(),), stuck={"vm1": stopped})
    assert sent_of(left).deallocated == (vm_id(),)
    refused = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "AuthorizationFailed"))
    _, left = run(cleanup_job(CleanupMode.REPORT), fault={"find_orphaned_resources": refused}.get)
    assert [note.why for note in sent_of(left).failed] == ["AuthorizationFailed"]
    assert [each["counts"]["failed"] for each in warnings_of(caplog)] == [0, 0, 1]
    assert [each["why"] for each in warnings_of(caplog)[-1]["failures"]] == ["AuthorizationFailed"]


@pytest.mark.parametrize("mode", CleanupMode)
def test_nothing_is_sent_if_there_is_nothing_to_report(mode: CleanupMode, caplog: pytest.LogCaptureFixture) -> None:
    image = orphan(Kind.IMAGE_VERSION, purpose=Purpose.IMAGE)
    result, left = run(cleanup_job(mode), found=(image, orphan(run_id="vm-a-0")), alive=frozenset({"vm-a-0"}))
    assert result.counts["kept"] == 2
    assert (left.sent, warnings_of(caplog)) == ([], [])


def test_a_result_that_cannot_be_sent_does_not_fail_the_cleanup(caplog: pytest.LogCaptureFixture) -> None:
    result, _ = run(cleanup_job(), found=RESOURCES, fault=raising("send_result"))
    assert len(result.deleted) == 5
    assert [each["event"] for each in warnings_of(caplog)] == ["cleanup found orphaned resources", "result not sent"]
