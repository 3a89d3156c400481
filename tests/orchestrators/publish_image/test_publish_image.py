"""Publishing under virtual time: version names, races, requests without an answer, leases, a second start."""

from itertools import pairwise
from typing import Any

import pytest
from durabletask import task

from contracts.answer import Answer
from contracts.catalog import CREATE_IMAGE_VERSION, LIST_IMAGE_VERSIONS, PUBLISH_IMAGE
from contracts.error_codes import Failure, FailureCode
from emulators.task_hub import VirtualClock
from orchestrators.registration import ORCHESTRATIONS
from orchestrators.run_activity import Orchestration
from tests.support.engine import engine
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.publishing import begin, end_of, failure_of, image_of, publish, publish_job, wait_until


def test_it_stays_out_of_latest_when_it_is_to_be_validated_first() -> None:
    end, gallery = publish(job=publish_job(excluded=True))
    assert image_of(end).excluded_from_latest is True
    assert gallery.versions["1.0.0"].excluded


def test_without_target_regions_it_goes_to_the_source_s_own() -> None:
    end, gallery = publish(job=publish_job(targetRegions=[]))
    assert [region.name for region in image_of(end).regions] == [HOME]
    assert list(gallery.versions["1.0.0"].copies) == [HOME]


def test_a_name_that_the_stale_list_does_not_show_is_skipped() -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.add("1.0.4")
        gallery.stale_for = 3_600
        gallery.add("1.0.5").created_at = gallery.now()
        gallery.add("1.0.6").created_at = gallery.now()

    end, gallery = publish(customize)
    assert image_of(end).version == "1.0.7"
    assert gallery.versions["1.0.5"].run_id == "another-run"
    assert gallery.requests == ["create 1.0.7"]


@pytest.mark.parametrize(("kept", "wanted"), [(("1.0.5",), "1.0.6"), (("1.0.2",), "1.0.5"), ((), "1.0.5")])
def test_a_name_in_the_recycle_bin_is_skipped(kept: tuple[str, ...], wanted: str) -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.add("1.0.4")
        gallery.bin = {name: gallery.add(name) for name in kept}
        for name in kept:
            del gallery.versions[name]

    end, gallery = publish(customize)
    assert image_of(end).version == wanted
    assert gallery.requests == [f"create {wanted}"]


def test_by_date_the_counter_goes_on_after_a_version_in_the_recycle_bin() -> None:
    def customize(gallery: FakeGallery) -> None:
        today = gallery.now()
        name = f"{today.year}.{today.month}.{today.day * 100}"
        gallery.bin = {name: gallery.add(name)}
        del gallery.versions[name]

    end, _ = publish(customize, publish_job(version="date"))
    assert (image_of(end).version or "").endswith("01")


def test_two_runs_at_once_never_choose_the_same_name() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, stale_for=15)
    jobs = [publish_job(f"vm-r{n}-a") for n in range(4)]
    gallery.alive.update(f"{job.run_id}-publish" for job in jobs)
    with engine(gallery.activities(), clock) as running:
        started = [begin(running, job) for job in jobs]
        ends = [end_of(running, instance) for instance in started]
    versions = sorted(image_of(end).version or "" for end in ends)
    assert versions == ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]
    assert len(gallery.requests) == 4
    chosen = [
        activity for activity in gallery.called if activity in {LIST_IMAGE_VERSIONS.name, CREATE_IMAGE_VERSION.name}
    ]
    assert (LIST_IMAGE_VERSIONS.name, LIST_IMAGE_VERSIONS.name) not in list(pairwise(chosen)), "no two choose at once"


def test_an_explicit_version_that_was_taken_meanwhile_fails_and_is_not_overwritten() -> None:
    end, gallery = publish(lambda g: g.add("2.0.0"), publish_job(version="2.0.0"))
    failure = failure_of(end)
    assert failure.code is FailureCode.PUBLISH_FAILED
    assert "2.0.0 was created by another caller" in failure.message
    assert gallery.versions["2.0.0"].run_id == "another-run"
    assert (gallery.requests, end.left) == ([], ())


def test_twenty_taken_names_are_enough() -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.stale_for = 1e9
        for patch in range(30):
            gallery.add(f"1.0.{patch}").created_at = gallery.now()

    end, gallery = publish(customize)
    assert "20 version names" in failure_of(end).message
    assert gallery.calls[CREATE_IMAGE_VERSION.name] == 20


def test_a_request_without_an_answer_is_read_back_and_not_sent_twice() -> None:
    def lost(activity: str, nth: int) -> None:
        if activity == CREATE_IMAGE_VERSION.name and nth <= 6:
            raise ConnectionError("cut")

    def customize(gallery: FakeGallery) -> None:
        gallery.lost = lost

    end, gallery = publish(customize)
    assert (image_of(end).version, image_of(end).attempts) == ("1.0.0", 1)
    assert gallery.requests == ["create 1.0.0"]


def test_the_lease_is_kept_while_a_request_has_no_answer() -> None:
    def lost(activity: str, nth: int) -> None:
        if activity == CREATE_IMAGE_VERSION.name and nth <= 4:
            raise ConnectionError("cut")

    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, lost=lost)
    jobs = [publish_job(f"vm-r{n}-a") for n in range(2)]
    gallery.alive.update(f"{job.run_id}-publish" for job in jobs)
    with engine(gallery.activities(), clock) as running:
        started = [begin(running, job) for job in jobs]
        versions = {image_of(end_of(running, instance)).version for instance in started}
    chosen = [
        activity for activity in gallery.called if activity in {LIST_IMAGE_VERSIONS.name, CREATE_IMAGE_VERSION.name}
    ]
    second = chosen.index(LIST_IMAGE_VERSIONS.name, 1)
    assert versions == {"1.0.0", "1.0.1"}
    assert chosen[1:second] == [CREATE_IMAGE_VERSION.name] * 5, "four without an answer, and one that found the version"


def test_a_request_that_azure_rejects_twice_fails_and_leaves_nothing() -> None:
    def customize(gallery: FakeGallery) -> None:
        rejected = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "create: QuotaExceeded", "c-7"))
        gallery.fault = lambda activity, nth: rejected if activity == CREATE_IMAGE_VERSION.name else None

    end, gallery = publish(customize)
    failure = failure_of(end)
    assert (failure.code, failure.correlation_id) == (FailureCode.PUBLISH_FAILED, "c-7")
    assert "QuotaExceeded" in failure.message
    assert (gallery.calls[CREATE_IMAGE_VERSION.name], end.left) == (2, ())


def test_what_a_policy_denies_twice_keeps_its_own_code() -> None:
    def customize(gallery: FakeGallery) -> None:
        denied = Answer(failure=Failure.of(FailureCode.DISALLOWED_BY_POLICY, "create: need-owner", "c-7"))
        gallery.fault = lambda activity, nth: denied if activity == CREATE_IMAGE_VERSION.name else None

    failure = failure_of(publish(customize)[0])
    assert (failure.code, failure.message) == (FailureCode.DISALLOWED_BY_POLICY, "create: need-owner")


def test_a_single_rejection_is_not_a_failure() -> None:
    def fault(activity: str, nth: int) -> Answer | None:
        return Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "replica")) if nth % 2 else None

    def customize(gallery: FakeGallery) -> None:
        gallery.fault = fault

    assert image_of(publish(customize)[0]).version == "1.0.0"


def test_a_gallery_that_never_answers_times_out() -> None:
    def fault(activity: str, nth: int) -> Answer | None:
        raise ConnectionError("away")

    def customize(gallery: FakeGallery) -> None:
        gallery.fault = fault

    end, _ = publish(customize, publish_job(deadline=1_800))
    assert failure_of(end).code is FailureCode.PUBLISH_TIMED_OUT
    assert end.left == ()


def test_the_lease_of_an_ended_holder_is_taken_and_an_active_one_is_waited_for() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    clock.allow(clock.now())
    away = False

    def fault(activity: str, nth: int) -> Answer | None:
        if activity == CREATE_IMAGE_VERSION.name and away:
            raise ConnectionError("away")
        return None

    with engine(gallery.activities(), clock) as running:
        gallery.fault, away = fault, True
        first = begin(running, publish_job("vm-r1-a"))
        gallery.alive.add(first)
        wait_until(lambda: gallery.calls[CREATE_IMAGE_VERSION.name] > 0)
        second = begin(running, publish_job("vm-r2-a"))
        wait_until(lambda: gallery.calls["read_run_state"] > 0)
        away = False
        assert gallery.requests == []
        running.client.terminate_orchestration(first)
        running.end_of(first)
        gallery.alive.clear()
        clock.allow(None)
        image = image_of(end_of(running, second))
    assert image.version == "1.0.0"
    assert gallery.versions["1.0.0"].run_id == "vm-r2-a"


def test_an_orchestration_that_is_started_twice_uses_its_own_version() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    with engine(gallery.activities(), clock, restart_finished=True) as running:
        once = image_of(end_of(running, begin(running, publish_job())))
        again = image_of(end_of(running, begin(running, publish_job())))
    assert (once.id, again.id) == (again.id, once.id)
    assert gallery.requests == ["create 1.0.0"]


def test_it_continues_as_new_as_a_child_of_another_orchestration() -> None:
    def parent(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[dict[str, Any]]:
        given: dict[str, Any] = yield ctx.call_sub_orchestrator(
            PUBLISH_IMAGE, input=request, instance_id="child-publish"
        )
        return given

    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, seconds={"eastus": 6 * 3_600})
    with engine(gallery.activities(), clock, orchestrations=(*ORCHESTRATIONS, parent)) as running:
        payload = publish_job().model_dump(mode="json", exclude_none=True)
        running.client.schedule_new_orchestration("parent", input=payload, instance_id="p")
        assert image_of(end_of(running, "p")).version == "1.0.0"
