"""The story of a sweep, told on the in-memory engine under virtual time."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts.answer import Answer
from contracts.facts import PowerState
from contracts.made import Kind, Purpose, made_name
from contracts.reasons import Failure, FailureCode
from contracts.steps import MACHINE_LEASE, SWEEP
from contracts.sweep import SweepJob, SweepMode, SweepResult
from tests.support.engine import RunningEngine, engine
from tests.support.fake_leftovers import FakeLeftovers
from tests.support.log_lines import audit_lines
from tests.support.requests import machine, vm_id
from tests.support.sweeps import NOW, OVER, ended, leftover, sweep_job
from workbench.timed_engine import VirtualClock

TEMPORARY = [Kind.SNAPSHOT, Kind.DISK, Kind.MACHINE, Kind.SECURITY_GROUP, Kind.NETWORK_INTERFACE]
THINGS = tuple(leftover(kind) for kind in TEMPORARY)


def run(
    job: SweepJob, prepare: Callable[[RunningEngine], None] | None = None, **more: Any
) -> tuple[SweepResult, FakeLeftovers]:
    clock = VirtualClock(NOW + timedelta(seconds=1))
    left = FakeLeftovers(clock, **more)
    with engine(left.activities(), clock) as running:
        if prepare is not None:
            prepare(running)
        state = running.run(SWEEP, job.model_dump(mode="json", exclude_none=True), job.sweep_id)
    assert state.serialized_output is not None, state.failure_details
    return SweepResult.model_validate_json(state.serialized_output), left


def raising(broken: str) -> Callable[[str], Answer | None]:
    def trouble(step: str) -> Answer | None:
        if step == broken:
            raise RuntimeError("no answer")
        return None

    return trouble


def test_what_an_ended_run_left_goes_kind_by_kind_in_arms_order() -> None:
    result, left = run(sweep_job(), found=THINGS)
    assert sorted(result.deleted) == sorted(each.made.id for each in THINGS)
    assert (result.looked_at, result.failed, result.kept) == (5, (), ())
    order = list(dict.fromkeys(left.called("delete_made")))
    assert [next(k for k in Kind if f"/{k}/" in each) for each in order] == list(Kind)[:5]
    assert left.called("read_run_state") == [OVER], "each run is asked for once"


def test_a_dry_run_only_tells() -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    result, left = run(sweep_job(SweepMode.DRY_RUN), found=THINGS, ended=(ended(),), stuck={"vm1": stopped})
    assert sorted(result.would_delete) == sorted(each.made.id for each in THINGS)
    assert result.would_deallocate == (vm_id(),)
    assert (result.deleted, result.deallocated) == ((), ())
    assert {step for step, _ in left.calls} == {
        "find_leftovers", "read_run_state", "find_ended_runs", "read_stuck_machine", "send_result",
    }  # fmt: skip


def test_what_may_not_go_is_named_with_its_reason_and_its_run_is_not_asked_for() -> None:
    alive, image = leftover(run_id="vm-alive-0"), leftover(Kind.MANAGED_IMAGE, "vm-image-0", purpose=Purpose.IMAGE)
    strange = leftover(run_id="vm-strange-0", name="web-os-disk")
    result, left = run(sweep_job(), found=(alive, image, strange), alive=frozenset({"vm-alive-0"}))
    assert result.deleted == ()
    why = {note.id: note.why for note in result.kept}
    assert why[alive.made.id] == "run vm-alive-0 is alive"
    assert set(why) == {alive.made.id, image.made.id, strange.made.id}
    assert why[image.made.id].startswith("it is an image of run vm-image-0, which is over")
    assert sorted(left.called("read_run_state")) == ["vm-alive-0", "vm-image-0"]


def test_what_a_run_left_that_this_hub_does_not_know_stays_for_longer() -> None:
    unknown = frozenset({OVER})
    told, left = run(sweep_job(unknown_age_minutes=181), found=THINGS, unknown=unknown)
    assert {note.why for note in told.kept} == {f"run {OVER} is not known here, and it is younger than 181 minutes"}
    assert left.called("delete_made") == []
    done, _ = run(sweep_job(unknown_age_minutes=180), found=THINGS, unknown=unknown)
    assert len(done.deleted) == 5


def test_every_delete_is_tried_even_when_another_will_not_go() -> None:
    stuck = THINGS[2].made.id
    result, left = run(sweep_job(), found=THINGS, noes={stuck: "ScopeLocked: a lock"})
    assert len(result.deleted) == 4
    assert [(note.id, note.why) for note in result.failed] == [(stuck, "ScopeLocked: a lock")]
    assert left.called("delete_made").count(stuck) == 3


def test_what_is_not_gone_by_the_deadline_is_named() -> None:
    result, _ = run(sweep_job(), found=THINGS[:2], gone_after=10**6)
    assert {note.why for note in result.failed} == {"it was still being deleted at the deadline"}
    assert len(result.failed) == 2


def test_a_refused_list_or_an_engine_without_an_answer_deletes_nothing_and_is_told() -> None:
    refused = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "AuthorizationFailed"))
    unlisted, _ = run(sweep_job(), found=THINGS, trouble={"find_leftovers": refused}.get)
    silent, left = run(sweep_job(), found=THINGS, trouble=raising("read_run_state"))
    assert [note.why for note in unlisted.failed] == ["AuthorizationFailed"]
    assert unlisted.deleted == silent.deleted == ()
    assert left.called("delete_made") == []
    assert len(silent.kept) == 5, "a run of which nothing is known by answer counts as alive"


def test_an_order_that_raises_is_tried_again_and_named_in_the_end() -> None:
    result, left = run(sweep_job(), found=THINGS[:1], trouble=raising("delete_made"))
    assert [note.id for note in result.failed] == [THINGS[0].made.id]
    assert "no answer" in result.failed[0].why
    assert len(left.called("delete_made")) == 3


def test_one_sweep_deletes_so_many_things_at_most_machines_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrators.sweep._MOST_DELETES", 3)
    disks = tuple(leftover(name=made_name(OVER, f"disk-{n}")) for n in range(5))
    result, _ = run(sweep_job(), found=(*disks, leftover(Kind.MACHINE)), gone_after=0)
    assert len(result.deleted) == 3
    assert result.deleted[0] == leftover(Kind.MACHINE).made.id
    assert {note.why for note in result.kept} == {"a sweep deletes at most 3 things; the next one comes for it"}


def test_scopes_that_lie_in_one_another_give_a_thing_once() -> None:
    group = sweep_job().scopes[0]
    result, left = run(sweep_job(scopes=(group, group)), found=THINGS)
    assert result.looked_at == 5
    assert len(result.deleted) == 5
    assert len(left.called("find_leftovers")) == 2


def test_a_machine_that_a_terminated_run_left_stopped_is_deallocated() -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    result, left = run(sweep_job(), ended=(ended(),), stuck={"vm1": stopped})
    assert result.deallocated == (vm_id(),)
    assert left.called("deallocate_vm") == [vm_id()]
    assert left.asked_since == NOW - timedelta(days=7)


@pytest.mark.parametrize("alive", [True, False])
def test_a_machine_that_another_live_run_holds_is_left_alone(alive: bool) -> None:
    """That run would take the deallocation for a stranger's."""

    def hold(running: RunningEngine) -> None:
        from durabletask.entities import EntityInstanceId

        lease = EntityInstanceId(MACHINE_LEASE, ended().vm_id.digest)
        running.client.signal_entity(lease, "acquire", {"holder": "vm-other-0"})
        while running.client.get_entity(lease) is None:
            pass

    stopped, other = machine(power_state=PowerState.STOPPED), frozenset({"vm-other-0"} if alive else ())
    result, left = run(sweep_job(), hold, ended=(ended(),), stuck={"vm1": stopped}, alive=other)
    assert (left.called("deallocate_vm") == []) is alive
    assert [note.why for note in result.kept] == (["run vm-other-0 holds the machine"] if alive else [])


def test_two_ended_runs_on_one_machine_deallocate_it_once() -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    result, left = run(sweep_job(), ended=(ended(), ended(run_id="vm-r2-0")), stuck={"vm1": stopped})
    assert result.deallocated == (vm_id(),)
    assert len(left.called("deallocate_vm")) == 1


def test_a_machine_that_does_not_deallocate_is_named() -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    result, _ = run(sweep_job(), ended=(ended(),), stuck={"vm1": stopped}, deallocates=False)
    assert [(note.id, note.why) for note in result.failed] == [
        (vm_id(), "ordered, and still deallocating at the deadline")
    ]


def test_the_audit_log_names_what_goes_before_it_goes_and_counts_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "golden_images"):
        run(sweep_job(), found=THINGS)
    lines = audit_lines(caplog)
    assert [line["event"] for line in lines] == ["sweep begun", "leftovers deleted", "sweep ended"]
    assert sorted(lines[1]["things"]) == sorted(each.made.id for each in THINGS)
    assert (lines[2]["deleted"], lines[2]["lookedAt"], lines[2]["runId"]) == (5, 5, "sweep-1")


def sent_of(left: FakeLeftovers) -> SweepResult:
    (text,) = left.sent
    return SweepResult.model_validate_json(text)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [each for each in caplog.records if each.name == "golden_images" and each.levelno == logging.WARNING]
    return [json.loads(each.message) for each in records]


def test_what_a_dry_run_would_do_is_a_warning_and_a_message(caplog: pytest.LogCaptureFixture) -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    asked = sweep_job(SweepMode.DRY_RUN)
    result, left = run(asked, found=THINGS, ended=(ended(),), stuck={"vm1": stopped})
    (warned,) = warnings_of(caplog)
    assert sent_of(left) == result
    assert (result.counts["wouldDelete"], result.counts["wouldDeallocate"], result.counts["deleted"]) == (5, 1, 0)
    assert (warned["runId"], warned["mode"], warned["counts"]) == ("sweep-1", "dryRun", result.counts)
    assert set(warned["things"]) == {*result.would_delete, vm_id()}


def test_what_a_sweep_did_or_could_not_do_is_a_message_too(caplog: pytest.LogCaptureFixture) -> None:
    gone, left = run(sweep_job(), found=THINGS)
    assert sent_of(left).deleted == gone.deleted
    stopped = machine(power_state=PowerState.STOPPED)
    _, left = run(sweep_job(), ended=(ended(),), stuck={"vm1": stopped})
    assert sent_of(left).deallocated == (vm_id(),)
    refused = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "AuthorizationFailed"))
    _, left = run(sweep_job(SweepMode.DRY_RUN), trouble={"find_leftovers": refused}.get)
    assert [note.why for note in sent_of(left).failed] == ["AuthorizationFailed"]
    assert [each["counts"]["failed"] for each in warnings_of(caplog)] == [0, 0, 1]
    assert [each["why"] for each in warnings_of(caplog)[-1]["failures"]] == ["AuthorizationFailed"]


@pytest.mark.parametrize("mode", SweepMode)
def test_where_nothing_is_to_be_told_nothing_is_sent(mode: SweepMode, caplog: pytest.LogCaptureFixture) -> None:
    image = leftover(Kind.IMAGE_VERSION, purpose=Purpose.IMAGE)
    result, left = run(sweep_job(mode), found=(image, leftover(run_id="vm-a-0")), alive=frozenset({"vm-a-0"}))
    assert result.counts["kept"] == 2
    assert (left.sent, warnings_of(caplog)) == ([], [])


def test_a_result_that_cannot_be_sent_ends_no_sweep(caplog: pytest.LogCaptureFixture) -> None:
    result, _ = run(sweep_job(), found=THINGS, trouble=raising("send_result"))
    assert len(result.deleted) == 5
    assert [each["event"] for each in warnings_of(caplog)] == ["sweep found leftovers", "result not sent"]
