"""A thing is deleted, and a machine deallocated, only if every single condition holds."""

from datetime import timedelta

import pytest

from contracts.facts import PowerState
from contracts.machine_steps import RunStateRead
from contracts.made import Kind, Made, Purpose
from contracts.sweep_steps import Leftover
from policy.leftovers import depends_on_its_run, why_it_stays, why_not_deallocated
from tests.support.requests import SUBSCRIPTION, machine
from tests.support.sweeps import NOW, OVER, ended, leftover, sweep_job

ELSEWHERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images-2"
SECOND = timedelta(seconds=1)
AGE = timedelta(minutes=120)
UNKNOWN_AGE = timedelta(hours=32)
RUN_OVER = RunStateRead(alive=False, known=True)
ALIVE = RunStateRead(alive=True, known=True)
UNKNOWN = RunStateRead(alive=False, known=False)

STAYS = {
    "a name that is not ours": (leftover(name="web-os-disk"), "its name is not one"),
    "our name of another run": (leftover(name=leftover(run_id="vm-r2-0").made.name), "its name is not one"),
    "our name with more before it": (leftover(name="x" + leftover().made.name), "its name is not one"),
    "no run in the tag": (leftover(run_id="", name=leftover().made.name), "names no run"),
    "another app": (leftover(app_name="other-app"), "belongs to the app other-app"),
    "no app": (leftover(app_name=None), "that no tag names"),
    "another group": (leftover(group=ELSEWHERE), "no allowed scope"),
    "too young by a second": (leftover(created_at=NOW - AGE + SECOND), "younger than 120"),
    "unknown age": (leftover(created_at=None), "age cannot be read"),
    "kept a second longer": (leftover(keep_until=NOW + SECOND), "kept until 2026-03-01T12:30:01"),
    "an undo snapshot for ever": (leftover(Kind.SNAPSHOT, purpose=Purpose.UNDO), "undo snapshot"),
    "an image": (leftover(Kind.MANAGED_IMAGE, purpose=Purpose.IMAGE), f"image of run {OVER}, which is over"),
    "an image that says otherwise": (leftover(Kind.IMAGE_VERSION, purpose=Purpose.CLONE), "delete it by hand"),
    "an unknown purpose": (leftover(purpose=Purpose.IMAGE), "cannot be read"),
}

GOES = {
    "a disk": leftover(),
    "every other kind": leftover(Kind.MACHINE),
    "exactly old enough": leftover(created_at=NOW - AGE),
    "kept until now": leftover(Kind.SNAPSHOT, purpose=Purpose.UNDO, keep_until=NOW),
    "a machine for a check": leftover(Kind.MACHINE, purpose=Purpose.VERIFY),
}


@pytest.mark.parametrize("name", GOES)
def test_what_meets_every_condition_goes(name: str) -> None:
    assert why_it_stays(GOES[name], sweep_job(), RUN_OVER) is None


@pytest.mark.parametrize("name", STAYS)
def test_one_missing_condition_is_enough_to_stay(name: str) -> None:
    found, words = STAYS[name]
    why = why_it_stays(found, sweep_job(), RUN_OVER)
    assert why is not None
    assert words in why


def test_what_belongs_to_a_run_that_is_alive_stays() -> None:
    assert why_it_stays(leftover(), sweep_job(), ALIVE) == f"run {OVER} is alive"


def test_what_no_engine_was_asked_for_stays_only_for_the_other_reasons() -> None:
    assert why_it_stays(leftover(), sweep_job()) is None
    assert "an image" in (why_it_stays(leftover(Kind.IMAGE_VERSION), sweep_job()) or "")


def test_a_run_that_is_not_known_may_be_another_hubs_for_as_long_as_it_may_last() -> None:
    asked = sweep_job(unknown_age_minutes=32 * 60)
    fresh = leftover(created_at=NOW - UNKNOWN_AGE + SECOND)
    assert why_it_stays(fresh, asked, UNKNOWN) == (f"run {OVER} is not known here, and it is younger than 1920 minutes")
    assert why_it_stays(fresh, asked, RUN_OVER) is None
    assert why_it_stays(leftover(created_at=NOW - UNKNOWN_AGE), asked, UNKNOWN) is None


def test_the_longer_of_both_ages_counts_for_an_unknown_run() -> None:
    asked = sweep_job(minimum_age_minutes=120, unknown_age_minutes=60)
    assert why_it_stays(leftover(created_at=NOW - AGE + SECOND), asked, UNKNOWN) == "it is younger than 120 minutes"


def test_only_for_what_may_go_and_for_fresh_images_of_this_app_is_the_engine_asked() -> None:
    image = leftover(Kind.IMAGE_VERSION, name="1.0.3", purpose=Purpose.IMAGE)
    asked = {
        "a disk": leftover(),
        "strange": leftover(name="web-os-disk"),
        "an image": image,
        "old": image.model_copy(update={"created_at": NOW - timedelta(days=8)}),
        "ageless": image.model_copy(update={"created_at": None}),
        "another app's": image.model_copy(update={"app_name": "other-app"}),
        "of no run": image.model_copy(update={"run_id": ""}),
    }
    assert {name for name, found in asked.items() if depends_on_its_run(found, sweep_job())} == {"a disk", "an image"}


def test_no_scope_is_no_scope() -> None:
    assert why_it_stays(leftover(), sweep_job(scopes=()), RUN_OVER) is not None


def test_azures_own_spelling_of_an_id_is_the_same_place() -> None:
    found = leftover()
    shouted = found.model_copy(update={"made": found.made.model_copy(update={"id": found.made.id.upper()})})
    assert why_it_stays(shouted, sweep_job(), RUN_OVER) is None


def test_a_group_whose_name_only_begins_like_an_allowed_one_is_another() -> None:
    """`rg-images-2` begins with `rg-images`; an id that ends at the group is no thing in it."""
    group = Leftover(
        made=Made(kind=Kind.DISK, id=ELSEWHERE, purpose=Purpose.CLONE),
        run_id=OVER,
        app_name="tests",
        created_at=NOW - 2 * AGE,
    )
    assert why_it_stays(group, sweep_job(), RUN_OVER) is not None


@pytest.mark.parametrize("state", [state for state in PowerState if state is not PowerState.STOPPED])
def test_only_a_stopped_machine_is_deallocated(state: PowerState) -> None:
    why = why_not_deallocated(ended(), machine(power_state=state), sweep_job())
    assert why is not None
    assert state in why


def test_a_machine_without_proof_or_outside_the_scopes_is_left_alone() -> None:
    stopped = machine(power_state=PowerState.STOPPED)
    assert why_not_deallocated(ended(), stopped, sweep_job()) is None
    assert "no Run Command" in (why_not_deallocated(ended(), None, sweep_job()) or "")
    assert "no allowed scope" in (why_not_deallocated(ended(), stopped, sweep_job(scopes=())) or "")
