"""A resource is deleted, and a VM deallocated, only if every condition is met."""

from datetime import timedelta

import pytest

from contracts.activities.cleanup import Orphan
from contracts.activities.vm import RunStateRead
from contracts.facts import PowerState
from contracts.resources import Kind, Purpose, Resource
from policy.orphans import depends_on_its_run, why_it_stays, why_not_deallocated
from tests.support.cleanups import NOW, OVER, cleanup_job, ended, orphan
from tests.support.requests import SUBSCRIPTION, vm_state
from tests.support.rows import rows

ELSEWHERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images-2"
SECOND = timedelta(seconds=1)
AGE = timedelta(minutes=120)
UNKNOWN_AGE = timedelta(hours=32)
RUN_OVER = RunStateRead(alive=False, known=True)
ALIVE = RunStateRead(alive=True, known=True)
UNKNOWN = RunStateRead(alive=False, known=False)

KEPT = {
    "a name that no run uses": (orphan(name="web-os-disk"), "its name is not one"),
    "a name of another run": (orphan(name=orphan(run_id="vm-r2-0").resource.name), "its name is not one"),
    "a name of the run with a prefix": (orphan(name="x" + orphan().resource.name), "its name is not one"),
    "no run in the tag": (orphan(run_id="", name=orphan().resource.name), "run tag is empty"),
    "another app": (orphan(app_name="other-app"), "belongs to the app other-app"),
    "no app": (orphan(app_name=None), "no tag of an app"),
    "another group": (orphan(group=ELSEWHERE), "no allowed scope"),
    "too young by a second": (orphan(created_at=NOW - AGE + SECOND), "younger than 120"),
    "unknown age": (orphan(created_at=None), "age cannot be read"),
    "kept a second longer": (orphan(keep_until=NOW + SECOND), "kept until 2026-03-01T12:30:01"),
    "a rollback snapshot without keep-until": (orphan(Kind.SNAPSHOT, purpose=Purpose.ROLLBACK), "rollback snapshot"),
    "an image": (orphan(Kind.MANAGED_IMAGE, purpose=Purpose.IMAGE), f"image of run {OVER}, which has ended"),
    "an image with another purpose tag": (orphan(Kind.IMAGE_VERSION, purpose=Purpose.CLONE), "delete it by hand"),
    "an unknown purpose": (orphan(purpose=Purpose.IMAGE), "cannot be read"),
}

DELETED = {
    "a disk": orphan(),
    "every other kind": orphan(Kind.VM),
    "exactly old enough": orphan(created_at=NOW - AGE),
    "kept until now": orphan(Kind.SNAPSHOT, purpose=Purpose.ROLLBACK, keep_until=NOW),
    "a VM for a check": orphan(Kind.VM, purpose=Purpose.VALIDATE),
}


@pytest.mark.parametrize("name", DELETED)
def test_what_meets_every_condition_is_deleted(name: str) -> None:
    assert why_it_stays(DELETED[name], cleanup_job(), RUN_OVER) is None


@rows("name", KEPT)
def test_one_missing_condition_keeps_a_resource(name: str) -> None:
    found, expected = KEPT[name]
    why = why_it_stays(found, cleanup_job(), RUN_OVER)
    assert why is not None
    assert expected in why


def test_resources_of_an_active_run_are_kept() -> None:
    assert why_it_stays(orphan(), cleanup_job(), ALIVE) == f"run {OVER} has not ended"


def test_without_the_state_of_the_run_only_the_other_reasons_count() -> None:
    assert why_it_stays(orphan(), cleanup_job()) is None
    assert "an image" in (why_it_stays(orphan(Kind.IMAGE_VERSION), cleanup_job()) or "")


def test_an_unknown_run_may_be_in_another_task_hub_until_its_longest_duration() -> None:
    asked = cleanup_job(unknown_age_minutes=32 * 60)
    fresh = orphan(created_at=NOW - UNKNOWN_AGE + SECOND)
    assert why_it_stays(fresh, asked, UNKNOWN) == (
        f"run {OVER} is not in this task hub, and it is younger than 1920 minutes"
    )
    assert why_it_stays(fresh, asked, RUN_OVER) is None
    assert why_it_stays(orphan(created_at=NOW - UNKNOWN_AGE), asked, UNKNOWN) is None


def test_the_longer_of_both_ages_counts_for_an_unknown_run() -> None:
    asked = cleanup_job(minimum_age_minutes=120, unknown_age_minutes=60)
    assert why_it_stays(orphan(created_at=NOW - AGE + SECOND), asked, UNKNOWN) == "it is younger than 120 minutes"


def test_the_run_is_read_only_for_deletable_resources_and_new_images_of_this_app() -> None:
    image = orphan(Kind.IMAGE_VERSION, name="1.0.3", purpose=Purpose.IMAGE)
    asked = {
        "a disk": orphan(),
        "strange": orphan(name="web-os-disk"),
        "an image": image,
        "old": image.model_copy(update={"created_at": NOW - timedelta(days=8)}),
        "ageless": image.model_copy(update={"created_at": None}),
        "another app's": image.model_copy(update={"app_name": "other-app"}),
        "of no run": image.model_copy(update={"run_id": ""}),
    }
    assert {name for name, found in asked.items() if depends_on_its_run(found, cleanup_job())} == {"a disk", "an image"}


def test_without_scopes_nothing_is_deleted() -> None:
    assert why_it_stays(orphan(), cleanup_job(scopes=()), RUN_OVER) is not None


def test_ids_in_azures_spelling_are_in_the_same_scope() -> None:
    found = orphan()
    shouted = found.model_copy(update={"resource": found.resource.model_copy(update={"id": found.resource.id.upper()})})
    assert why_it_stays(shouted, cleanup_job(), RUN_OVER) is None


def test_a_group_with_an_allowed_name_as_prefix_is_not_allowed() -> None:
    """`rg-images-2` begins with `rg-images`; an id that ends with the group is not a resource in it."""
    group = Orphan(
        resource=Resource(kind=Kind.DISK, id=ELSEWHERE, purpose=Purpose.CLONE),
        run_id=OVER,
        app_name="tests",
        created_at=NOW - 2 * AGE,
    )
    assert why_it_stays(group, cleanup_job(), RUN_OVER) is not None


@rows("state", [state for state in PowerState if state is not PowerState.STOPPED])
def test_only_a_stopped_vm_is_deallocated(state: PowerState) -> None:
    why = why_not_deallocated(ended(), vm_state(power_state=state), cleanup_job())
    assert why is not None
    assert state in why


def test_a_vm_without_proof_or_outside_the_scopes_is_left_alone() -> None:
    stopped = vm_state(power_state=PowerState.STOPPED)
    assert why_not_deallocated(ended(), stopped, cleanup_job()) is None
    assert "is not the VM" in (why_not_deallocated(ended(), None, cleanup_job()) or "")
    assert "no allowed scope" in (why_not_deallocated(ended(), stopped, cleanup_job(scopes=())) or "")
