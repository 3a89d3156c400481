"""Promoting a version that was verified, and retiring older ones, under virtual time."""

import json
from collections.abc import Callable
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.reasons import Failure, FailureCode
from contracts.results import Retired
from contracts.run import MachineJob
from contracts.wishes import Retention
from orchestrators.calling import Story
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.promotion import promote, retire_older
from tests.support.engine import engine
from tests.support.fake_gallery import FakeGallery
from tests.support.publishing import DEFINITION
from tests.support.requests import job
from workbench.timed_engine import VirtualClock

NEWEST = f"{DEFINITION}/versions/1.0.9"
TAGS = {"golden-image-verified": "passed"}
UPDATE, READ, DELETE = "update_image_version", "read_image_version", "delete_made"


def promoting(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Story[dict[str, Any]]:
    try:
        yield from promote(MachineRun(ctx, MachineJob.model_validate(request)), NEWEST, TAGS)
    except Failed as failed:
        return failed.failure.model_dump(mode="json", exclude_none=True)
    return {}


def retiring(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Story[dict[str, Any]]:
    run = MachineRun(ctx, MachineJob.model_validate(request["job"]))
    retired = yield from retire_older(run, Retention.model_validate(request["wish"]), NEWEST)
    return retired.model_dump(mode="json")


def tell(story: Callable[..., Any], payload: dict[str, Any], prepare: Callable[[FakeGallery], Any]) -> Any:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    prepare(gallery)
    with engine(gallery.activities(), clock, stories=(story,)) as running:
        state = running.run(story.__name__, payload, "one")
    assert state.serialized_output is not None, state.failure_details
    return json.loads(state.serialized_output), gallery


def answering(step: str, answer: Answer, only: int | None = None) -> Callable[[FakeGallery], None]:
    """Let a step give this answer instead of being done: always, or the nth time only."""

    def prepare(gallery: FakeGallery) -> None:
        gallery.trouble = lambda name, nth: answer if name == step and only in {None, nth} else None

    return prepare


def promoted(prepare: Callable[[FakeGallery], Any] = lambda gallery: None) -> tuple[Failure | None, FakeGallery]:
    def furnish(gallery: FakeGallery) -> None:
        gallery.add("1.0.9", job().run_id, excluded=True)
        prepare(gallery)

    given, gallery = tell(promoting, job().model_dump(mode="json", exclude_none=True), furnish)
    return Failure.model_validate(given) if given else None, gallery


def retired(prepare: Callable[[FakeGallery], Any], **wish: Any) -> tuple[Retired, FakeGallery]:
    def furnish(gallery: FakeGallery) -> None:
        for name in ("1.0.1", "1.0.2", "1.0.3"):
            gallery.add(name, f"vm-{name}")
        gallery.add("1.0.9", job().run_id)
        prepare(gallery)

    asked = {"keep": 1, "dryRun": False, **wish}
    payload = {"job": job().model_dump(mode="json", exclude_none=True), "wish": asked}
    given, gallery = tell(retiring, payload, furnish)
    return Retired.model_validate(given), gallery


def test_a_promotion_is_believed_when_it_was_read() -> None:
    failure, gallery = promoted()
    assert failure is None
    assert gallery.orders == ["excluded False"]
    assert gallery.calls[READ] == 1
    assert gallery.versions["1.0.9"].tags == TAGS


def test_an_order_that_came_to_nothing_is_given_again() -> None:
    failure, gallery = promoted(answering(UPDATE, Answer(correlation_id="c"), 1))
    assert failure is None
    assert gallery.calls[UPDATE] == 2
    assert gallery.orders == ["excluded False"]


def test_a_promotion_that_is_refused_fails_in_azures_words() -> None:
    no = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "AuthorizationFailed", "c-9"))
    failure, gallery = promoted(answering(UPDATE, no))
    assert failure is not None
    assert (failure.code, failure.message, failure.correlation_id) == (
        FailureCode.PROMOTE_FAILED,
        "AuthorizationFailed",
        "c-9",
    )
    assert gallery.versions["1.0.9"].excluded


def test_a_promotion_that_never_shows_fails_within_hours() -> None:
    heard = Answer(correlation_id="c")
    failure, gallery = promoted(answering(UPDATE, heard))
    assert failure is not None
    assert failure.code is FailureCode.PROMOTE_FAILED
    assert "still shows excludeFromLatest" in failure.message
    assert gallery.calls[READ] <= 31


def test_older_versions_are_deleted_under_the_run_that_made_them() -> None:
    found, gallery = retired(lambda g: g.in_use.append("1.0.2"))
    assert found.deleted == ("1.0.1", "1.0.3")
    assert not found.dry_run
    assert set(found.kept) == {"1.0.2", "1.0.9"}
    assert gallery.orders == ["delete 1.0.1", "delete 1.0.3"]


def test_a_dry_run_only_tells() -> None:
    found, gallery = retired(lambda g: None, dryRun=True)
    assert (found.dry_run, found.deleted) == (True, ("1.0.1", "1.0.2", "1.0.3"))
    assert gallery.orders == []
    assert gallery.calls[DELETE] == 0


def test_nothing_is_deleted_while_the_uses_cannot_be_read() -> None:
    no = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "AuthorizationFailed"))
    found, gallery = retired(answering("read_image_uses", no))
    assert found.deleted == ()
    assert "AuthorizationFailed" in found.kept["1.0.9"]
    assert gallery.calls[DELETE] == 0


def test_one_delete_that_is_refused_does_not_keep_the_others() -> None:
    no = Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "ScopeLocked"))
    found, _ = retired(answering(DELETE, no, 1))
    assert found.deleted == ("1.0.2", "1.0.3")
    assert "ScopeLocked" in found.kept["1.0.1"]


def test_a_locked_version_stays_with_the_reason() -> None:
    found, _ = retired(lambda g: setattr(g, "deletes_after", None))
    assert found.deleted == ()
    assert found.kept["1.0.1"] == "a lock covers it"
