"""Replication under virtual time: regions that fail, versions that fail, hours of waiting."""

from contracts.answer import Answer
from contracts.catalog import LIST_IMAGE_VERSIONS, READ_IMAGE_VERSION
from contracts.error_codes import Failure, FailureCode
from contracts.resources import Kind
from emulators.task_hub import VirtualClock
from tests.support.engine import engine
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.publishing import DEFINITION, TWO, begin, end_of, failure_of, image_of, publish, publish_job
from tests.support.requests import vm_id


def test_a_version_is_created_and_polled_until_every_region_has_it() -> None:
    end, gallery = publish(lambda g: g.seconds.update(eastus=3_000))
    image = image_of(end)
    assert image.id == f"{DEFINITION}/versions/1.0.0"
    assert (image.version, image.attempts, image.excluded_from_latest) == ("1.0.0", 1, False)
    assert {region.name: region.state for region in image.regions} == {HOME: "Completed", "eastus": "Completed"}
    assert gallery.requests == ["create 1.0.0"]
    assert gallery.versions["1.0.0"].tags == {"golden-image-source": vm_id()}
    assert gallery.calls[READ_IMAGE_VERSION.name] < 20
    assert end.left == ()


def test_a_region_that_fails_once_is_removed_and_added_again() -> None:
    end, gallery = publish(lambda g: g.fails.update(eastus=["Failed"]))
    image = image_of(end)
    assert gallery.requests == ["create 1.0.0", f"regions {HOME}", f"regions {HOME} eastus"]
    assert {region.name for region in image.regions} == {HOME, "eastus"}
    assert (image.dropped_regions, image.attempts) == ((), 1)


def test_a_region_that_fails_twice_is_dropped_and_reported() -> None:
    end, gallery = publish(lambda g: g.fails.update(eastus=["Failed", "Failed"]))
    image = image_of(end)
    assert gallery.requests[-1] == f"regions {HOME}"
    assert [(region.name, region.details) for region in image.dropped_regions] == [("eastus", "no capacity")]
    assert [region.name for region in image.regions] == [HOME]


def test_a_region_that_fails_twice_fails_the_run_if_requested_and_the_version_is_deleted() -> None:
    end, gallery = publish(lambda g: g.fails.update(eastus=["Failed", "Failed"]), publish_job(onRegionFailure="fail"))
    failure = failure_of(end)
    assert failure.code is FailureCode.PUBLISH_FAILED
    assert "eastus (no capacity)" in failure.message
    assert (gallery.versions, end.left) == ({}, ())


def test_two_regions_of_three_fail_once_and_twice() -> None:
    three = [*TWO, {"name": "ukwest"}]
    fails: dict[str, list[str | None]] = {"eastus": ["Failed", "Failed"], "ukwest": ["Failed"]}
    end, _ = publish(lambda g: g.fails.update(fails), publish_job(targetRegions=three))
    image = image_of(end)
    assert {region.name for region in image.regions} == {HOME, "ukwest"}
    assert [region.name for region in image.dropped_regions] == ["eastus"]


def test_an_update_of_regions_that_was_not_accepted_is_submitted_again() -> None:
    def fault(activity: str, nth: int) -> Answer | None:
        if activity == "update_image_version" and nth in {1, 3}:
            return Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "conflict"))
        return None

    def customize(gallery: FakeGallery) -> None:
        gallery.fails.update(eastus=["Failed"])
        gallery.fault = fault

    end, gallery = publish(customize)
    assert {region.name for region in image_of(end).regions} == {HOME, "eastus"}
    assert gallery.requests == ["create 1.0.0", f"regions {HOME}", f"regions {HOME} eastus"]


def test_a_version_that_fails_itself_is_deleted_and_created_again() -> None:
    end, gallery = publish(lambda g: g.fails.update({HOME: ["Failed", "Failed"]}))
    image = image_of(end)
    assert gallery.requests == ["create 1.0.0", "delete 1.0.0", "create 1.0.0", "delete 1.0.0", "create 1.0.0"]
    assert (image.version, image.attempts, end.left) == ("1.0.0", 3, ())


def test_in_a_gallery_with_soft_delete_a_failed_version_is_purged_and_its_name_is_free_again() -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.bin = {}
        gallery.fails.update({HOME: ["Failed"]})

    end, gallery = publish(customize, publish_job(version="2.0.0"))
    assert (image_of(end).version, end.left) == ("2.0.0", ())
    assert gallery.bin == {}


def test_after_three_failed_versions_the_run_fails_and_none_is_left() -> None:
    end, gallery = publish(lambda g: g.fails.update({HOME: ["Failed"] * 9}))
    failure = failure_of(end)
    assert failure.code is FailureCode.PUBLISH_FAILED
    assert "3 versions failed" in failure.message
    assert "no capacity" in failure.message
    assert gallery.requests.count("create 1.0.0") == 3
    assert (gallery.versions, end.left) == ({}, ())


def test_a_failed_version_that_cannot_be_deleted_is_listed_and_another_name_is_used() -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.fails.update({HOME: ["Failed"]})
        gallery.deletes_after = None

    end, gallery = publish(customize)
    assert image_of(end).version == "1.0.1"
    assert [(left.kind, left.id.rsplit("/", 1)[-1]) for left in end.left] == [(Kind.IMAGE_VERSION, "1.0.0")]
    assert "a lock covers it" in end.left[0].why
    assert gallery.requests == ["create 1.0.0", "delete 1.0.0", "create 1.0.1"]


def test_an_explicit_version_that_failed_and_cannot_be_deleted_fails_the_run() -> None:
    def customize(gallery: FakeGallery) -> None:
        gallery.fails.update({HOME: ["Failed"]})
        gallery.deletes_after = None

    end, _ = publish(customize, publish_job(version="2.0.0"))
    assert "could not be deleted" in failure_of(end).message
    assert [left.id.rsplit("/", 1)[-1] for left in end.left] == ["2.0.0"]


def test_a_replication_that_never_ends_times_out_and_is_listed() -> None:
    end, gallery = publish(lambda g: g.fails.update(eastus=[None]))
    failure = failure_of(end)
    assert failure.code is FailureCode.PUBLISH_TIMED_OUT
    assert "eastus Replicating" in failure.message
    assert [left.id for left in end.left] == [f"{DEFINITION}/versions/1.0.0"]
    assert gallery.requests == ["create 1.0.0"], "it may still succeed"
    assert gallery.calls[READ_IMAGE_VERSION.name] < 110, "8 hours"


def test_six_hours_of_replication_take_a_short_history_and_few_requests() -> None:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now, seconds={"eastus": 6 * 3_600})
    longest = 0
    with engine(gallery.activities(), clock) as running:

        def measure(activity: str, nth: int) -> Answer | None:
            nonlocal longest
            history = running.client.get_orchestration_history("vm-r1-a-publish")
            longest = max(longest, len(history))
            return None

        gallery.fault = measure
        image = image_of(end_of(running, begin(running, publish_job())))
    assert image.version == "1.0.0"
    assert 60 < gallery.calls[READ_IMAGE_VERSION.name] < 85
    assert gallery.calls[LIST_IMAGE_VERSIONS.name] == 1
    assert 40 < longest < 250


def test_a_version_that_was_deleted_is_created_again() -> None:
    def customize(gallery: FakeGallery) -> None:
        def fault(activity: str, nth: int) -> Answer | None:
            if activity == READ_IMAGE_VERSION.name and nth == 2:
                gallery.versions.clear()
            return None

        gallery.fault = fault

    end, gallery = publish(customize)
    assert image_of(end).attempts == 2
    assert gallery.requests == ["create 1.0.0", "create 1.0.0"]
