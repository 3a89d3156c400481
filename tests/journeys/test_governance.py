"""Tags, policies and deny assignments of an organization: met, or refused before anything was changed."""

from collections.abc import Generator

import pytest

from contracts.error_codes import FailureCode, RefusalCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.tags import RUN_TAG
from emulators.arm import DenyAssignment, PolicyAssignment, Role
from emulators.arm.http.identity import OBJECT_ID
from policy.rights import CHECK_POLICIES, READ_DENY_ASSIGNMENTS
from tests.support.golden import SUBNET, add_definition, clone_job, definition_id, standing, version_options, versions
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, SUBSCRIPTION, job, vm_id

OWNER = {"owner": "web"}
ROLE = Role.from_file(ROLE_FILE)
SNAPSHOTS, COMMANDS = "Microsoft.Compute/snapshots", "Microsoft.Compute/virtualMachines/runCommands"
VERSIONS, VMS = "Microsoft.Compute/galleries/images/versions", "Microsoft.Compute/virtualMachines"
EVERY_TYPE = (
    *(SNAPSHOTS, "Microsoft.Compute/disks", "Microsoft.Network/networkSecurityGroups", COMMANDS),
    *("Microsoft.Network/networkInterfaces", VMS, VERSIONS),
)


def need_owner(*types: str) -> PolicyAssignment:
    return PolicyAssignment(
        name="need-owner", display_name="Owner is needed", scope=GROUP, required_tags=("owner",), types=types
    )


def cloning(**more: object) -> VmJob:
    return clone_job("source", image=version_options()).model_copy(update=more)


def in_place(**more: object) -> VmJob:
    return job("vm1").model_copy(update=more)


@pytest.fixture
def world() -> Generator[Journey]:
    with journey(spec("vm1"), spec("source", tags={}, power="deallocated")) as reported:
        add_definition(reported)
        yield reported


def refused(world: Journey, asked: VmJob) -> dict[bool, VmResult]:
    """Run it dry and for real: both are refused with the same reasons, and nothing is changed."""
    pictures = [world.simulator.world.picture(world.simulator.vm(name)) for name in ("vm1", "source")]
    results: dict[bool, VmResult] = {}
    for dry_run in (True, False):
        named = {"dry_run": dry_run, "run_id": f"{asked.run_id[:-1]}{int(dry_run)}"}
        results[dry_run] = world.report(asked.model_copy(update=named))
        assert results[dry_run].outcome is Outcome.REFUSED, results[dry_run]
        assert standing(world, results[dry_run]) == []
    assert world.changes() == []
    assert [world.simulator.world.picture(world.simulator.vm(name)) for name in ("vm1", "source")] == pictures
    reasons = [
        [(refusal.code, refusal.message) for refusal in result.refusals] for result in (results[True], results[False])
    ]
    assert reasons[0] == reasons[1]
    return results


def codes(result: VmResult) -> set[RefusalCode]:
    return {refusal.code for refusal in result.refusals}


@pytest.mark.parametrize("asked", [cloning(tags=OWNER), in_place(tags=OWNER)], ids=["clone", "in place"])
def test_everything_that_is_created_carries_the_tags_that_a_policy_demands(world: Journey, asked: VmJob) -> None:
    world.simulator.assign(need_owner())
    result = world.report(asked)
    assert result.outcome in {Outcome.PUBLISHED, Outcome.GENERALIZED}, (result.failure, result.refusals)
    store = world.simulator.world.store
    for resource_id in world.simulator.world.tagged(RUN_TAG, result.run_id):
        found = store.get(resource_id)
        assert found is not None
        assert found.tags["owner"] == "web"
    if asked.target.mode == "clone":
        assert versions(world)[0].tags["golden-image-validated"] == "passed"
        assert versions(world)[0].tags["owner"] == "web"


def test_a_demanded_tag_that_is_missing_is_refused_for_every_type(world: Journey) -> None:
    world.simulator.assign(need_owner())
    result = refused(world, cloning())[False]
    assert codes(result) == {RefusalCode.POLICY_DENIES}
    assert {refusal.message.partition(" denies ")[2].partition(" in ")[0] for refusal in result.refusals} == set(
        EVERY_TYPE
    )
    assert all("need-owner" in refusal.message for refusal in result.refusals)


@pytest.mark.parametrize("kind", [SNAPSHOTS, COMMANDS])
def test_in_place_each_type_is_refused_on_its_own(world: Journey, kind: str) -> None:
    world.simulator.assign(need_owner(kind))
    (refusal,) = refused(world, in_place())[False].refusals
    assert refusal.code is RefusalCode.POLICY_DENIES
    assert f"denies {kind} in {GROUP}" in refusal.message


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_a_clone_is_refused_for_each_type_alone(world: Journey, kind: str) -> None:
    world.simulator.assign(PolicyAssignment(name="closed", scope=GROUP, types=(kind,)))
    found = refused(world, cloning())[False].refusals
    assert {refusal.code for refusal in found} == {RefusalCode.POLICY_DENIES}
    assert all(f"denies {kind} in" in refusal.message for refusal in found)


def test_effects_that_only_change_something_are_no_refusal(world: Journey) -> None:
    world.simulator.assign(PolicyAssignment(name="m", scope=GROUP, effect="modify", tags={"cost": "1"}))
    assert world.report(in_place()).outcome is Outcome.GENERALIZED


LATER = {
    SNAPSHOTS: (in_place(), "/snapshots/", "rollback-snapshot"),
    COMMANDS: (in_place(), "/runCommands/", "golden-image-identity"),
    VMS: (cloning(), "/virtualMachines/golden-image-", "clone"),
    VERSIONS: (cloning(), "/versions/", "1.0.0"),
}


@pytest.mark.parametrize("kind", LATER)
def test_what_a_policy_denies_after_preflight_is_named(
    world: Journey, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The assignment came between the check and the request: the failure says which it is."""
    asked, marker, resource = LATER[kind]
    policies = world.simulator.world.policies
    check = policies.check

    def tightened(method: str, path: str, body: dict[str, object], has_tags: bool) -> dict[str, object]:
        if marker in path and method == "PUT" and not policies.all:
            world.simulator.assign(need_owner(kind))
        return check(method, path, body, has_tags)

    monkeypatch.setattr(policies, "check", tightened)
    result = world.report(asked)
    assert result.failure is not None
    assert result.failure.code is FailureCode.DISALLOWED_BY_POLICY
    assert "denied by policy assignment 'Owner is needed'" in result.failure.message
    assert resource in result.failure.message
    assert standing(world, result) == []
    assert not world.simulator.vm("vm1").deprovisioned_count


STACK = {"name": "Created by deployment stack", "actions": ("*/write", "*/delete"), "not_actions": ()}
PLACES = {
    "the VM": (in_place(), vm_id("vm1")),
    "the VM's group": (in_place(), GROUP),
    "the subscription": (in_place(), f"/subscriptions/{SUBSCRIPTION}"),
    "a management group": (in_place(), "/providers/Microsoft.Management/managementGroups/root"),
    "the group of a clone": (cloning(), GROUP),
    "the image definition": (cloning(), definition_id()),
}


@pytest.mark.parametrize(("asked", "scope"), PLACES.values(), ids=PLACES.keys())
def test_a_deny_assignment_at_a_place_of_the_run_is_refused(world: Journey, asked: VmJob, scope: str) -> None:
    world.simulator.deny(DenyAssignment(scope=scope, **STACK))  # pyright: ignore[reportArgumentType]
    result = refused(world, asked)[False]
    assert codes(result) == {RefusalCode.DENY_ASSIGNMENT}
    assert "Created by deployment stack" in result.refusals[0].message


def test_a_denied_join_of_the_subnet_is_refused(world: Journey) -> None:
    world.simulator.deny(DenyAssignment("net", SUBNET, actions=("*/join/action",), not_actions=()))
    assert codes(refused(world, cloning())[False]) == {RefusalCode.DENY_ASSIGNMENT}


HARMLESS = {
    "the app is excluded": {"scope": GROUP, "exclude_principals": (OBJECT_ID,)},
    "it is for others": {"scope": GROUP, "principals": ("somebody",)},
    "it denies only the group itself": {"scope": GROUP, "do_not_apply_to_child_scopes": True},
    "it denies what the run does not need": {"scope": GROUP, "actions": ("Microsoft.Storage/*",)},
}


@pytest.mark.parametrize("held", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_deny_assignment_that_does_not_concern_the_run_is_no_refusal(world: Journey, held: dict[str, object]) -> None:
    world.simulator.deny(DenyAssignment(**{"name": "d", **held}))  # pyright: ignore[reportArgumentType]
    assert world.report(in_place()).outcome is Outcome.GENERALIZED


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (READ_DENY_ASSIGNMENTS, RefusalCode.DENY_ASSIGNMENTS_UNREADABLE),
        (CHECK_POLICIES, RefusalCode.POLICIES_UNREADABLE),
    ],
)
@pytest.mark.parametrize("asked", [in_place(), cloning()], ids=["in place", "clone"])
def test_what_cannot_be_read_is_refused(asked: VmJob, action: str, code: RefusalCode) -> None:
    role = Role(tuple(held for held in ROLE.actions if held != action), data_actions=ROLE.data_actions)
    with journey(spec("vm1"), spec("source", tags={}, power="deallocated"), role=role) as reported:
        add_definition(reported)
        assert codes(refused(reported, asked)[False]) == {code}
