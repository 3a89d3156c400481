"""Where the rollback snapshot is created: in the place of the VM's region, and what is read and checked there first."""

from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.facts import Lock, NetworkFacts
from contracts.guest_report import GuestOutcome
from contracts.ids import Scope
from contracts.results import Outcome
from contracts.run import LiveSettings, VmJob
from tests.support.fake_azure import FakeAzure
from tests.support.requests import GROUP, PLACE, job, settings
from tests.support.running import run_vm

SAFE = GROUP.replace("rg-images", "rg-rollback")
BOTH = {"allowed_scopes": (Scope.parse(GROUP), Scope.parse(SAFE))}
PLACED = settings(build_places=({**PLACE, "rollbackResourceGroupId": SAFE},), **BOTH)


def allowed(azure: FakeAzure, **more: Any) -> None:
    azure.live = LiveSettings(run=PLACED, cleanup_mode="delete")
    azure.add("vm1", **more)


def asked(**more: Any) -> VmJob:
    more.setdefault("settings", PLACED)
    return job(**more)


def test_the_snapshot_is_created_in_the_group_of_the_vms_place() -> None:
    result, azure = run_vm(allowed, asked())
    assert result.outcome is Outcome.GENERALIZED, result
    assert result.rollback_snapshot is not None
    assert result.rollback_snapshot.id.startswith(f"{SAFE}/providers/Microsoft.Compute/snapshots/golden-image-")
    assert azure.groups_read == [SAFE]
    notes = result.evidence.notes if result.evidence else ()
    assert not [note for note in notes if "is lost" in note]


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_without_a_place_it_stays_with_the_vm_and_the_result_says_what_that_means(dry: bool) -> None:
    result, azure = run_vm(lambda azure: azure.add("vm1"), asked(settings=settings(build_places=()), dry_run=dry))
    assert result.outcome is (Outcome.WOULD_GENERALIZE if dry else Outcome.GENERALIZED)
    assert result.evidence is not None
    assert len([note for note in result.evidence.notes if "is lost when that group is deleted" in note]) == 1
    assert azure.groups_read == [GROUP]
    if not dry:
        assert result.rollback_snapshot is not None
        assert result.rollback_snapshot.id.startswith(f"{GROUP}/")


def test_a_run_that_takes_no_snapshot_needs_no_group_for_it() -> None:
    without = asked(target={"rollbackSnapshot": False}, settings=settings(build_places=()))
    result, azure = run_vm(lambda azure: azure.add("vm1"), without)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.groups_read == []
    assert not [note for note in (result.evidence.notes if result.evidence else ()) if "rollback" in note]


def test_a_validation_in_the_same_group_is_read_once() -> None:
    definition = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
    image: dict[str, Any] = {"kind": "galleryImageVersion", "imageDefinitionId": definition, "validate": {}}
    result, azure = run_vm(lambda azure: azure.add("vm1"), job(target={"image": image}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert azure.groups_read == [GROUP]


LOCK = Lock(name="keep", level="CanNotDelete", scope=SAFE)
WRONG: dict[str, tuple[dict[str, Any], RefusalCode]] = {
    "unreadable": ({"group_permissions": None, "group_locks": None}, RefusalCode.ROLLBACK_GROUP_UNREADABLE),
    "locked": ({"group_locks": (LOCK,)}, RefusalCode.RESOURCE_LOCKED),
    "not granted": ({"group_permissions": ()}, RefusalCode.ACTION_NOT_GRANTED),
}


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
@pytest.mark.parametrize("name", WRONG)
def test_a_group_that_cannot_take_or_lose_the_snapshot_is_refused_before_anything_is_changed(
    name: str, dry: bool
) -> None:
    change, wanted = WRONG[name]

    def customize(azure: FakeAzure) -> None:
        allowed(azure)
        azure.site = NetworkFacts.model_validate({**azure.site.model_dump(by_alias=False), **change})

    result, azure = run_vm(customize, asked(dry_run=dry))
    assert wanted in {refusal.code for refusal in result.refusals}
    assert (result.outcome, azure.resources) == (Outcome.REFUSED, {})
    assert "start_deprovision" not in azure.activities_of("vm1")


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_group_outside_the_allowed_scopes_is_refused_and_not_even_read(dry: bool) -> None:
    narrow = settings(build_places=({**PLACE, "rollbackResourceGroupId": SAFE},))
    result, azure = run_vm(lambda azure: azure.add("vm1"), asked(settings=narrow, dry_run=dry))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.SCOPE_NOT_ALLOWED]
    assert azure.groups_read == []


def test_a_group_that_is_no_longer_allowed_gets_no_snapshot() -> None:
    """The settings of now are asked by the activity that creates it."""

    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")  # The live settings allow the VM's own group only.

    result, azure = run_vm(customize, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.SCOPE_NOT_ALLOWED]
    assert azure.denied == [("create_snapshot", "rollback-snapshot")]
    assert azure.resources == {}


def test_a_snapshot_that_is_not_needed_any_more_is_deleted_from_the_place() -> None:
    def customize(azure: FakeAzure) -> None:
        allowed(azure, outcome=GuestOutcome.REFUSED, code="x", stops_after=None)

    result, azure = run_vm(customize, asked())
    assert result.outcome is Outcome.REFUSED
    assert (azure.resources, azure.deleted) == ({}, ["rollback-snapshot"])
