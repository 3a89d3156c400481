"""The activities that read deny assignments and ask about policies, against the emulated Azure."""

from typing import Any

from activities.inspect_deny_assignments import inspect_deny_assignments
from activities.inspect_policies import inspect_policies
from azure_clients.policies import without_secrets
from contracts.activities.governance import (
    DenyAssignmentsAt,
    DenyAssignmentsInspected,
    InspectDenyAssignments,
    InspectPolicies,
    NewRunCommand,
    PoliciesInspected,
)
from emulators.arm import DenyAssignment, PolicyAssignment, Role
from emulators.arm.authorization.deny_assignments import EVERYONE
from emulators.arm.http.identity import OBJECT_ID
from policy.rights import CHECK_POLICIES, READ_DENY_ASSIGNMENTS
from tests.support.azure import Azure, azure, target
from tests.support.creating import APP, RUN_ID, shape_of, snapshot_request, vm_request
from tests.support.journey import spec
from tests.support.requests import GROUP, SUBSCRIPTION, vm_id

OWNER = PolicyAssignment(name="need-owner", scope=GROUP, required_tags=("owner",))


def denied(az: Azure, *scopes: str) -> DenyAssignmentsInspected:
    return az.call(inspect_deny_assignments(InspectDenyAssignments(scopes=scopes)))


def asked(az: Azure, **wanted: object) -> PoliciesInspected:
    return az.call(inspect_policies(InspectPolicies.model_validate(wanted)))


def command(**tags: str) -> NewRunCommand:
    return NewRunCommand(
        vm_id=target(), name="golden-image-x", location="westeurope", tags=tags, run_id=RUN_ID, app_name=APP
    )


def test_deny_assignments_are_read_from_the_scope_and_above_it() -> None:
    with azure(spec("vm1"), role=Role((READ_DENY_ASSIGNMENTS,))) as az:
        az.simulator.deny(DenyAssignment("above", f"/subscriptions/{SUBSCRIPTION}", not_actions=("*/read",)))
        az.simulator.deny(DenyAssignment("here", GROUP, do_not_apply_to_child_scopes=True))
        az.simulator.deny(DenyAssignment("inside", vm_id()))
        az.simulator.deny(DenyAssignment("not us", GROUP, exclude_principals=(OBJECT_ID,)))
        az.simulator.deny(DenyAssignment("others", GROUP, principals=("other",)))
        (place,) = denied(az, GROUP).places
        requests = [r.operation for r in az.simulator.requests()]
    assert place.found is not None
    assert [(one.name, one.below, one.scope) for one in place.found] == [
        ("above", True, f"/subscriptions/{SUBSCRIPTION}"),
        ("here", False, GROUP),
    ]
    assert [one.denied[0].not_actions for one in place.found] == [("*/read",), ("*/read",)]
    assert all(one.principals == () for one in place.found), f"{EVERYONE} is not passed on"
    assert requests == ["denyAssignments.list"]


def test_a_scope_that_cannot_be_read_has_no_facts() -> None:
    with azure(spec("vm1"), role=Role(())) as az:
        assert denied(az, vm_id(), GROUP).places == (
            DenyAssignmentsAt(scope=vm_id()),
            DenyAssignmentsAt(scope=GROUP),
        )


def test_a_tag_that_a_policy_demands_is_missed_by_type() -> None:
    role = Role((CHECK_POLICIES, "Microsoft.Compute/*/read"))
    with azure(spec("vm1"), role=role) as az:
        az.simulator.assign(OWNER)
        shape = shape_of(az)
        snapshot, vm = snapshot_request(shape), vm_request(shape)
        before = len(az.simulator.requests())
        without = asked(az, snapshots=(snapshot,), vms=(vm,), run_commands=(command(),))
        asked_of = [r.operation for r in az.simulator.requests()[before:]]
        given = {"tags": {"Owner": "web"}}
        tagged = asked(
            az,
            snapshots=(snapshot.model_copy(update=given),),
            vms=(vm.model_copy(update=given),),
            run_commands=(command(owner="web"),),
            disks=(shape.os_disk,),
        )
    assert [(one.resource_type, one.group, one.assignment_id, one.effect) for one in without.denials] == [
        (kind, GROUP, OWNER.id, "Deny")
        for kind in (
            "Microsoft.Compute/snapshots",
            "Microsoft.Compute/virtualMachines",
            "Microsoft.Compute/virtualMachines/runCommands",
        )
    ]
    assert sorted(asked_of) == ["disks.get", *["policyRestrictions.check"] * 3]
    assert tagged == PoliciesInspected()


def test_effects_that_refuse_nothing_are_no_denial() -> None:
    with azure(spec("vm1"), role=Role((CHECK_POLICIES,))) as az:
        az.simulator.assign(PolicyAssignment(name="m", scope=GROUP, effect="modify", tags={"owner": "x"}))
        az.simulator.assign(PolicyAssignment(name="a", scope=GROUP, effect="append", tags={"cost": "1"}))
        az.simulator.assign(PolicyAssignment(name="off", scope=GROUP, required_tags=("x",), enforced=False))
        assert asked(az, run_commands=(command(),)) == PoliciesInspected()
        az.simulator.assign(OWNER)
        assert asked(az, run_commands=(command(),)) == PoliciesInspected(), "the policy gives the tag first"


def test_what_is_not_answered_is_named() -> None:
    with azure(spec("vm1"), role=Role(())) as az:
        (why,) = asked(az, run_commands=(command(),)).unreadable
    assert why.startswith(f"Microsoft.Compute/virtualMachines/runCommands in {GROUP}: AuthorizationFailed")


def test_azure_does_not_get_the_password_with_the_question() -> None:
    body: dict[str, Any] = {
        "properties": {"osProfile": {"adminUsername": "u", "adminPassword": "secret"}},
        "location": "l",
    }
    shown = without_secrets(body)
    assert shown == {"properties": {"osProfile": {"adminUsername": "u"}}, "location": "l"}
    assert "adminPassword" in body["properties"]["osProfile"], "the request's own body keeps it"
