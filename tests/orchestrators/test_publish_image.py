"""The story of publishing under virtual time: names, races, orders without an answer, leases, a second telling."""

from itertools import pairwise
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.reasons import Failure, FailureCode
from contracts.steps import LIST_IMAGE_VERSIONS, MAKE_IMAGE_VERSION, PUBLISH_IMAGE
from orchestrators.calling import Story
from orchestrators.registration import STORIES
from tests.support.engine import engine
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.publishing import begin, end_of, failure_of, image_of, publish, publish_job, wait_until
from workbench.timed_engine import VirtualClock


def test_it_stays_out_of_latest_when_it_is_to_be_verified_first() -> None:
    end, gallery = publish(job=publish_job(excluded=True))
    assert image_of(end).excluded_from_latest is True
    assert gallery.versions["1.0.0"].excluded


def test_without_target_regions_it_goes_to_the_source_s_own() -> None:
    end, gallery = publish(job=publish_job(targetRegions=[]))
    assert [region.name for region in image_of(end).regions] == [HOME]
    assert list(gallery.versions["1.0.0"].copies) == [HOME]


def test_the_next_name_and_one_that_the_stale_list_did_not_show() -> None:
    def prepare(gallery: FakeGallery) -> None:
        gallery.add("1.0.4")
        gallery.stale_for = 3_600
        gallery.add("1.0.5").made_at = gallery.now()
        gallery.add("1.0.6").made_at = gallery.now()

    end, gallery = publish(prepare)
    assert image_of(end).version == "1.0.7"
    assert gallery.versions["1.0.5"].run_id == "somebody"
    assert gallery.orders == ["make 1.0.7"]


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
    assert len(gallery.orders) == 4
    chosen = [step for step in gallery.steps if step in {LIST_IMAGE_VERSIONS.name, MAKE_IMAGE_VERSION.name}]
    assert (LIST_IMAGE_VERSIONS.name, LIST_IMAGE_VERSIONS.name) not in list(pairwise(chosen)), "no two choose at once"


def test_an_explicit_version_that_was_taken_meanwhile_fails_and_is_not_written_over() -> None:
    end, gallery = publish(lambda g: g.add("2.0.0"), publish_job(version="2.0.0"))
    failure = failure_of(end)
    assert failure.code is FailureCode.PUBLISH_FAILED
    assert "2.0.0 was taken" in failure.message
    assert gallery.versions["2.0.0"].run_id == "somebody"
    assert (gallery.orders, end.left) == ([], ())


def test_twenty_taken_names_are_enough() -> None:
    def prepare(gallery: FakeGallery) -> None:
        gallery.stale_for = 1e9
        for patch in range(30):
            gallery.add(f"1.0.{patch}").made_at = gallery.now()

    end, gallery = publish(prepare)
    assert "20 names" in failure_of(end).message
    assert gallery.calls[MAKE_IMAGE_VERSION.name] == 20


def test_an_order_without_an_answer_is_read_back_and_not_given_twice() -> None:
    def lost(step: str, nth: int) -> None:
        if step == MAKE_IMAGE_VERSION.name and nth <= 6:
            raise ConnectionError("cut")

    def prepare(gallery: FakeGallery) -> None:
        gallery.lost = lost

    end, gallery = publish(prepare)
    assert (image_of(end).version, image_of(end).attempts) == ("1.0.0", 1)
    assert gallery.orders == ["make 1.0.0"]


def test_the_lease_is_kept_while_an_order_has_no_answer() -> None:
    def lost(step: str, nth: int) -> None:
        if step == MAKE_IMAGE_VERSION.name and nth <= 4:
            raise ConnectionError("cut")

    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, lost=lost)
    jobs = [publish_job(f"vm-r{n}-a") for n in range(2)]
    gallery.alive.update(f"{job.run_id}-publish" for job in jobs)
    with engine(gallery.activities(), clock) as running:
        started = [begin(running, job) for job in jobs]
        versions = {image_of(end_of(running, instance)).version for instance in started}
    chosen = [step for step in gallery.steps if step in {LIST_IMAGE_VERSIONS.name, MAKE_IMAGE_VERSION.name}]
    second = chosen.index(LIST_IMAGE_VERSIONS.name, 1)
    assert versions == {"1.0.0", "1.0.1"}
    assert chosen[1:second] == [MAKE_IMAGE_VERSION.name] * 5, "four without an answer, and the one that read it back"


def test_an_order_that_azure_refuses_twice_fails_and_leaves_nothing() -> None:
    def prepare(gallery: FakeGallery) -> None:
        no = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "make: QuotaExceeded", "c-7"))
        gallery.trouble = lambda step, nth: no if step == MAKE_IMAGE_VERSION.name else None

    end, gallery = publish(prepare)
    failure = failure_of(end)
    assert (failure.code, failure.correlation_id) == (FailureCode.PUBLISH_FAILED, "c-7")
    assert "QuotaExceeded" in failure.message
    assert (gallery.calls[MAKE_IMAGE_VERSION.name], end.left) == (2, ())


def test_a_refusal_that_passes_is_no_failure() -> None:
    def trouble(step: str, nth: int) -> Answer | None:
        return Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "replica")) if nth % 2 else None

    def prepare(gallery: FakeGallery) -> None:
        gallery.trouble = trouble

    assert image_of(publish(prepare)[0]).version == "1.0.0"


def test_a_gallery_that_never_answers_times_out() -> None:
    def trouble(step: str, nth: int) -> Answer | None:
        raise ConnectionError("away")

    def prepare(gallery: FakeGallery) -> None:
        gallery.trouble = trouble

    end, _ = publish(prepare, publish_job(deadline=1_800))
    assert failure_of(end).code is FailureCode.PUBLISH_TIMED_OUT
    assert end.left == ()


def test_a_dead_holder_of_the_lease_is_found_out_and_a_live_one_waited_for() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    clock.allow(clock.now())
    away = False

    def trouble(step: str, nth: int) -> Answer | None:
        if step == MAKE_IMAGE_VERSION.name and away:
            raise ConnectionError("away")
        return None

    with engine(gallery.activities(), clock) as running:
        gallery.trouble, away = trouble, True
        first = begin(running, publish_job("vm-r1-a"))
        gallery.alive.add(first)
        wait_until(lambda: gallery.calls[MAKE_IMAGE_VERSION.name] > 0)
        second = begin(running, publish_job("vm-r2-a"))
        wait_until(lambda: gallery.calls["read_run_state"] > 0)
        away = False
        assert gallery.orders == []
        running.client.terminate_orchestration(first)
        running.end_of(first)
        gallery.alive.clear()
        clock.allow(None)
        image = image_of(end_of(running, second))
    assert image.version == "1.0.0"
    assert gallery.versions["1.0.0"].run_id == "vm-r2-a"


def test_the_story_told_twice_takes_up_its_own_version() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    with engine(gallery.activities(), clock, restart_finished=True) as running:
        once = image_of(end_of(running, begin(running, publish_job())))
        again = image_of(end_of(running, begin(running, publish_job())))
    assert (once.id, again.id) == (again.id, once.id)
    assert gallery.orders == ["make 1.0.0"]


def test_it_carries_on_as_a_child_of_another_story() -> None:
    def parent(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Story[dict[str, Any]]:
        given: dict[str, Any] = yield ctx.call_sub_orchestrator(
            PUBLISH_IMAGE, input=request, instance_id="child-publish"
        )
        return given

    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, seconds={"eastus": 6 * 3_600})
    with engine(gallery.activities(), clock, stories=(*STORIES, parent)) as running:
        payload = publish_job().model_dump(mode="json", exclude_none=True)
        running.client.schedule_new_orchestration("parent", input=payload, instance_id="p")
        assert image_of(end_of(running, "p")).version == "1.0.0"
