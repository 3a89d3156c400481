"""Promoting a validated version and retiring older ones, under virtual time."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.error_codes import Failure, FailureCode
from contracts.image_options import Retention
from contracts.results import RetentionResult
from contracts.run import VmJob
from emulators.task_hub import VirtualClock
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.promote import promote
from orchestrators.golden_image.retire import retire_older
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from tests.support.engine import engine
from tests.support.fake_gallery import FakeGallery
from tests.support.publishing import DEFINITION
from tests.support.requests import job

NEWEST = f"{DEFINITION}/versions/1.0.9"
TAGS = {"golden-image-validated": "passed"}
UPDATE, READ, DELETE = "update_image_version", "read_image_version", "delete_resource"


def promoting(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[dict[str, Any]]:
    try:
        yield from promote(VmRun.begin(ctx, VmJob.model_validate(request)), NEWEST, TAGS)
    except Failed as failed:
        return failed.failure.model_dump(mode="json", exclude_none=True)
    return {}


def retiring(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[dict[str, Any]]:
    run = VmRun.begin(ctx, VmJob.model_validate(request["job"]))
    retired = yield from retire_older(run, Retention.model_validate(request["options"]), NEWEST)
    return retired.model_dump(mode="json")


def run_orchestration(
    orchestration: Callable[..., Any], payload: dict[str, Any], customize: Callable[[FakeGallery], Any]
) -> Any:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    customize(gallery)
    with engine(gallery.activities(), clock, orchestrations=(orchestration,)) as running:
        state = running.run(orchestration.__name__, payload, "one")
    assert state.serialized_output is not None, state.failure_details
    return json.loads(state.serialized_output), gallery


def answering(activity: str, answer: Answer, only: int | None = None) -> Callable[[FakeGallery], None]:
    """Let an activity return this answer instead: always, or the nth time only."""

    def customize(gallery: FakeGallery) -> None:
        gallery.fault = lambda name, nth: answer if name == activity and only in {None, nth} else None

    return customize


def promoted(customize: Callable[[FakeGallery], Any] = lambda gallery: None) -> tuple[Failure | None, FakeGallery]:
    def add_versions(gallery: FakeGallery) -> None:
        gallery.add("1.0.9", job().run_id, excluded=True)
        customize(gallery)

    output, gallery = run_orchestration(promoting, job().model_dump(mode="json", exclude_none=True), add_versions)
    return Failure.model_validate(output) if output else None, gallery


def retired(customize: Callable[[FakeGallery], Any], **options: Any) -> tuple[RetentionResult, FakeGallery]:
    def add_versions(gallery: FakeGallery) -> None:
        for name in ("1.0.1", "1.0.2", "1.0.3"):
            gallery.add(name, f"vm-{name}")
        gallery.add("1.0.9", job().run_id)
        customize(gallery)

    asked = {"keep": 1, "dryRun": False, **options}
    payload = {"job": job().model_dump(mode="json", exclude_none=True), "options": asked}
    output, gallery = run_orchestration(retiring, payload, add_versions)
    return RetentionResult.model_validate(output), gallery


def test_a_promotion_counts_when_the_version_shows_it() -> None:
    failure, gallery = promoted()
    assert failure is None
    assert gallery.requests == ["excluded False"]
    assert gallery.calls[READ] == 1
    assert gallery.versions["1.0.9"].tags == TAGS


def test_an_update_without_effect_is_submitted_again() -> None:
    failure, gallery = promoted(answering(UPDATE, Answer(correlation_id="c"), 1))
    assert failure is None
    assert gallery.calls[UPDATE] == 2
    assert gallery.requests == ["excluded False"]


def test_a_promotion_that_is_rejected_fails_with_azures_message() -> None:
    rejected = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "AuthorizationFailed", "c-9"))
    failure, gallery = promoted(answering(UPDATE, rejected))
    assert failure is not None
    assert (failure.code, failure.message, failure.correlation_id) == (
        FailureCode.PROMOTE_FAILED,
        "AuthorizationFailed",
        "c-9",
    )
    assert gallery.versions["1.0.9"].excluded


def test_a_promotion_that_never_shows_times_out() -> None:
    accepted = Answer(correlation_id="c")
    failure, gallery = promoted(answering(UPDATE, accepted))
    assert failure is not None
    assert failure.code is FailureCode.PROMOTE_FAILED
    assert "still shows excludeFromLatest" in failure.message
    assert gallery.calls[READ] <= 31


def test_older_versions_are_deleted_under_the_run_that_created_them() -> None:
    found, gallery = retired(lambda g: g.in_use.append("1.0.2"))
    assert found.deleted == ("1.0.1", "1.0.3")
    assert not found.dry_run
    assert set(found.kept) == {"1.0.2", "1.0.9"}
    assert gallery.requests == ["delete 1.0.1", "delete 1.0.3"]


def test_a_dry_run_only_reports() -> None:
    found, gallery = retired(lambda g: None, dryRun=True)
    assert (found.dry_run, found.deleted) == (True, ("1.0.1", "1.0.2", "1.0.3"))
    assert gallery.requests == []
    assert gallery.calls[DELETE] == 0


def test_in_a_gallery_with_soft_delete_the_result_says_that_deleted_versions_are_in_the_bin() -> None:
    found, gallery = retired(lambda g: setattr(g, "bin", {}))
    assert (found.deleted, found.soft_deleted) == (("1.0.1", "1.0.2", "1.0.3"), True)
    assert found.restorable_until is not None
    assert abs(found.restorable_until - gallery.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert not any(version.for_good for version in gallery.versions.values()), "what was published can be restored"
    without, _ = retired(lambda g: None)
    assert (without.soft_deleted, without.restorable_until) == (None, None)
    nothing, _ = retired(lambda g: setattr(g, "bin", {}), keep=9)
    assert (nothing.deleted, nothing.soft_deleted) == ((), None)


def test_nothing_is_deleted_while_the_uses_cannot_be_read() -> None:
    rejected = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "AuthorizationFailed"))
    found, gallery = retired(answering("read_image_uses", rejected))
    assert found.deleted == ()
    assert "AuthorizationFailed" in found.kept["1.0.9"]
    assert gallery.calls[DELETE] == 0


def test_one_rejected_deletion_does_not_stop_the_others() -> None:
    rejected = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "ScopeLocked"))
    found, _ = retired(answering(DELETE, rejected, 1))
    assert found.deleted == ("1.0.2", "1.0.3")
    assert "ScopeLocked" in found.kept["1.0.1"]


def test_a_locked_version_stays_with_the_reason() -> None:
    found, _ = retired(lambda g: setattr(g, "deletes_after", None))
    assert found.deleted == ()
    assert found.kept["1.0.1"] == "a lock covers it"
