"""A VM in a production group on which the app has exactly what docs/rights.md lists for it, and nothing more."""

from collections.abc import Generator
from typing import Any

import pytest

from contracts.cleanup import CleanupMode
from contracts.error_codes import RefusalCode
from contracts.ids import Scope
from contracts.request import Target
from contracts.results import Outcome, VmResult
from contracts.run import RunSettings, VmJob
from contracts.tags import RUN_TAG
from emulators.arm import Role
from policy.rights import (
    CHECK_POLICIES,
    READ_CAPACITY,
    READ_DENY_ASSIGNMENTS,
    READ_GALLERY,
    READ_NETWORK,
    READ_RIGHTS_AND_LOCKS,
    needed_for_cleanup_on_source,
    needed_for_clone,
    needed_for_gallery,
    needed_for_rollback,
    needed_for_validation,
    needed_on_source,
)
from tests.support.golden import cleanup_now
from tests.support.journey import READING_POSTS, Journey, journey, spec
from tests.support.places import Assigned, add_place, allow_scopes, group_id
from tests.support.requests import GROUP, SUBSCRIPTION, job, settings

BUILDS, ROLLBACK, IMAGES = group_id("builds"), group_id("rollback"), group_id("gallery")
DEFINITION = f"{IMAGES}/providers/Microsoft.Compute/galleries/golden/images/web"
IMAGE: dict[str, Any] = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, "validate": {}}
IN_PLACE: dict[str, dict[str, Any]] = {
    "without snapshot and image": {"rollbackSnapshot": False},
    "with its snapshot": {},
    "with an image": {"rollbackSnapshot": False, "image": IMAGE},
    "with both": {"image": IMAGE},
}
GOVERNED = (*READ_RIGHTS_AND_LOCKS, READ_DENY_ASSIGNMENTS, CHECK_POLICIES)
CLONE: dict[str, Any] = {"mode": "clone", "image": IMAGE, "clone": {"allowRunningSource": True}}


def granted(target: Target) -> dict[str, tuple[str, ...]]:
    """Return the actions of the table on the production group, and those of the place on the place's groups."""
    builds: tuple[str, ...] = ()
    if target.image is not None:
        kinds = [needed_for_validation(), *([needed_for_clone(target)] if target.clone else [])]
        used = (action for kind in kinds for scope in ("group", "subnet") for action in kind[scope])
        builds = (*GOVERNED, READ_NETWORK, *used)
    rollback = target.rollback_snapshot and target.clone is None
    return {
        GROUP: needed_on_source(target),
        BUILDS: builds,
        ROLLBACK: (*GOVERNED, *needed_for_rollback()["group"]) if rollback else (),
        IMAGES: (*GOVERNED, READ_GALLERY, *needed_for_gallery()) if target.image is not None else (),
        f"/subscriptions/{SUBSCRIPTION}": READ_CAPACITY,
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[Journey]:
    with journey(spec("vm1"), emulate_linux=True) as reported:
        emulated = reported.simulator.world
        emulated.add_definition(
            emulated.add_gallery("golden", resource_group="gallery", subscription_id=SUBSCRIPTION), "web", "Linux"
        )
        emulated.throttle.enabled = False
        allow_scopes(monkeypatch, GROUP, BUILDS, ROLLBACK, IMAGES)
        yield reported


def placed(reported: Journey) -> RunSettings:
    scopes = tuple(Scope.parse(group) for group in (GROUP, BUILDS, ROLLBACK, IMAGES))
    return settings(build_places=(add_place(reported, "builds", rollback="rollback"),), allowed_scopes=scopes)


def ended(reported: Journey, asked: VmJob, role: Role) -> VmResult:
    reported.simulator.role = role
    return reported.report(asked)


def refused_by_role(reported: Journey) -> list[str]:
    return [f"{r.operation} {r.path}" for r in reported.simulator.requests() if r.status in {401, 403}]


def written_in(reported: Journey, group: str) -> set[str]:
    """Return the operations that changed something in a group."""
    changes = [r for r in reported.simulator.requests() if r.method != "GET" and f"{group}/".lower() in r.path.lower()]
    return {r.operation for r in changes} - READING_POSTS


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_with_exactly_the_rights_of_the_table(world: Journey, name: str) -> None:
    asked = job("vm1", target=IN_PLACE[name], settings=placed(world))
    result = ended(world, asked, Assigned.at(granted(asked.target)))
    assert result.outcome is (Outcome.PUBLISHED if asked.target.image else Outcome.GENERALIZED), result
    assert refused_by_role(world) == []
    assert result.orphaned_resources == ()
    assert written_in(world, GROUP) == {
        "runCommands.put",
        "runCommands.delete",
        "virtualMachines.deallocate",
        "virtualMachines.generalize",
    }, "nothing was created in the production group"
    kept = world.simulator.world.tagged(RUN_TAG, result.run_id)
    assert sorted(kept) == sorted(result.created_resources)
    snapshots = [resource for resource in kept if "/snapshots/" in resource]
    assert [snapshot.startswith(f"{ROLLBACK}/") for snapshot in snapshots] == [True] * asked.target.rollback_snapshot


def test_a_clone_with_exactly_the_rights_of_the_table(world: Journey) -> None:
    asked = job("vm1", target=CLONE, settings=placed(world))
    result = ended(world, asked, Assigned.at(granted(asked.target)))
    assert result.outcome is Outcome.PUBLISHED, result
    # The locks of a VM that is only copied are asked for and not needed; so is its own serial log.
    assert {request.split()[0] for request in refused_by_role(world)} <= {
        "locks.list",
        "virtualMachines.retrieveBootDiagnosticsData",
    }
    assert written_in(world, GROUP) == set()


@pytest.mark.parametrize("name", [*IN_PLACE, "clone"])
def test_each_right_of_the_table_is_needed(world: Journey, name: str) -> None:
    asked = job("vm1", target=IN_PLACE.get(name, CLONE), settings=placed(world), dry_run=True)
    all_of_them = granted(asked.target)
    outcomes: dict[str, Outcome] = {}
    for number, missing in enumerate(all_of_them[GROUP]):
        less = tuple(action for action in all_of_them[GROUP] if action != missing)
        wanted = asked.model_copy(update={"run_id": f"{asked.run_id}-{number}"})
        outcomes[missing] = ended(world, wanted, Assigned.at({**all_of_them, GROUP: less})).outcome
    assert outcomes == dict.fromkeys(all_of_them[GROUP], Outcome.REFUSED)
    assert world.changes() == []


def test_a_cleanup_with_exactly_the_rights_of_the_table_fails_nowhere(world: Journey) -> None:
    listing = needed_for_cleanup_on_source()
    world.simulator.role = Assigned.at({GROUP: listing})
    assert cleanup_now(world, CleanupMode.DELETE, "all", GROUP).failed == ()
    world.simulator.role = Assigned.at({GROUP: listing[1:]})
    assert len(cleanup_now(world, CleanupMode.DELETE, "less", GROUP).failed) == 1
    assert refused_by_role(world) != []


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_rollback_group_that_does_not_exist_is_refused_by_its_own_code(world: Journey, dry: bool) -> None:
    stamped = placed(world)
    place = stamped.build_places[0].model_copy(update={"rollback_resource_group_id": Scope.parse(group_id("gone"))})
    scopes = (*stamped.allowed_scopes, Scope.parse(group_id("gone")))
    stamped = stamped.model_copy(update={"build_places": (place,), "allowed_scopes": scopes})
    picture = world.simulator.world.picture(world.simulator.vm("vm1"))
    result = world.report(job("vm1", settings=stamped, dry_run=dry))
    assert RefusalCode.ROLLBACK_GROUP_UNREADABLE in {refusal.code for refusal in result.refusals}
    assert world.simulator.world.picture(world.simulator.vm("vm1")) == picture
    assert world.changes() == []


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
def test_a_lock_on_the_rollback_group_is_refused(world: Journey, level: Any, dry: bool) -> None:
    stamped = placed(world)
    world.simulator.lock(ROLLBACK, level)
    result = world.report(job("vm1", settings=stamped, dry_run=dry))
    assert result.refusals[0].code is RefusalCode.RESOURCE_LOCKED, "a read-only lock also hides what policies say"
    assert "rollback" in result.refusals[0].remediation
    assert world.changes() == []
