"""Deny assignments: they are listed with what is inherited, and they block what the role allows."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import DenyAssignment, Role, Simulator, VmSpec
from emulators.arm.http.identity import OBJECT_ID
from tests.emulators.arm.bodies import copy_body, disk_id, os_disk_id, snapshot_id
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, Sdk, code_of, vm_path

DENIED = "/providers/Microsoft.Authorization/denyAssignments"
GROUP_ID = VmSpec("any").group_id
ROOT = f"/subscriptions/{SUBSCRIPTION}"
CORP = "/providers/Microsoft.Management/managementGroups/corp"


async def _names(raw: Raw, scope: str, query: str = "") -> list[str]:
    answer = await raw("GET", f"{scope}{DENIED}?api-version=2022-04-01{query}")
    assert answer.status == 200
    return [entry["properties"]["denyAssignmentName"] for entry in answer.body["value"]]


async def test_a_denied_action_is_403_and_names_the_assignment(simulator: Simulator, client: Sdk):
    held = simulator.deny(DenyAssignment("System deny assignment created by managed application app1", GROUP_ID))
    await client.virtual_machines.get(GROUP, "linux1")
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.generalize(GROUP, "stopped1")
    assert (refused.value.status_code, code_of(refused)) == (403, "DenyAssignmentAuthorizationFailed")
    expected = (
        "has permission to perform action 'Microsoft.Compute/virtualMachines/generalize/action' on scope "
        f"'{vm_path('stopped1', '/generalize')}'; however, the access is denied because of the deny assignment with "
        f"name '{held.name}' and Id '{held.id.replace('-', '')}' at scope '{GROUP_ID}'."
    )
    assert expected in str(refused.value)
    assert not simulator.vm("stopped1").generalized


async def test_the_list_has_inherited_ones_and_without_at_scope_those_below(simulator: Simulator, raw: Raw):
    for name, scope in (("corp", CORP), ("all", ROOT), ("group", GROUP_ID), ("vm", vm_path("linux1"))):
        simulator.deny(DenyAssignment(name, scope, actions=("*/delete",), exclude_principals=("someone",)))
    assert await _names(raw, vm_path("linux1")) == ["corp", "all", "group", "vm"]
    assert await _names(raw, GROUP_ID) == ["corp", "all", "group", "vm"]
    assert await _names(raw, GROUP_ID, "&$filter=atScope()") == ["corp", "all", "group"]
    assert await _names(raw, vm_path("windows1")) == ["corp", "all", "group"]
    entry: dict[str, Any] = (await raw("GET", vm_path("linux1", DENIED))).body["value"][3]
    assert entry["id"] == f"{vm_path('linux1')}{DENIED}/{entry['name']}"
    assert entry["type"] == "Microsoft.Authorization/denyAssignments"
    (permission,) = entry["properties"]["permissions"]
    assert permission == {"actions": ["*/delete"], "notActions": ["*/read"], "dataActions": [], "notDataActions": []}
    assert entry["properties"]["principals"] == [
        {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    ]
    assert entry["properties"]["excludePrincipals"] == [{"id": "someone", "type": "ServicePrincipal"}]
    assert (entry["properties"]["isSystemProtected"], entry["properties"]["doNotApplyToChildScopes"]) == (True, False)
    assert (await raw("GET", f"{vm_path('linux1')}{DENIED}/{entry['name']}")).body == entry
    assert (await raw("GET", f"{vm_path('windows1')}{DENIED}/{entry['name']}")).status == 404


async def test_reading_them_needs_its_own_right(simulator: Simulator, raw: Raw):
    simulator.role = Role(("*",), ("Microsoft.Authorization/denyAssignments/read",))
    assert (await raw("GET", GROUP_ID + DENIED)).refusal == (403, "AuthorizationFailed")
    simulator.role = Role(("Microsoft.Authorization/denyAssignments/read",))
    assert (await raw("GET", GROUP_ID + DENIED)).status == 200
    assert (await raw("GET", f"{GROUP_ID}{DENIED}?api-version=1&$filter=assignedTo('x')")).status == 400


async def test_excluded_principals_other_principals_and_child_scopes_are_not_denied(simulator: Simulator, raw: Raw):
    start = vm_path("stopped1", "/start")
    simulator.deny(DenyAssignment("not me", GROUP_ID, exclude_principals=(OBJECT_ID,)))
    simulator.deny(DenyAssignment("others", GROUP_ID, principals=("someone",)))
    simulator.deny(DenyAssignment("group only", GROUP_ID, do_not_apply_to_child_scopes=True))
    simulator.deny(DenyAssignment("but not start", GROUP_ID, not_actions=("*/start/action",)))
    assert (await raw("POST", start)).status == 202
    simulator.deny(DenyAssignment("me", GROUP_ID, principals=(OBJECT_ID,)))
    assert (await raw("POST", start)).refusal == (403, "DenyAssignmentAuthorizationFailed")


async def test_a_linked_right_can_be_denied(simulator: Simulator, raw: Raw):
    source = os_disk_id(simulator, "linux1")
    simulator.deny(DenyAssignment("locked", source, actions=("Microsoft.Compute/disks/beginGetAccess/action",)))
    answer = await raw("PUT", snapshot_id("s1"), copy_body(source))
    assert answer.refusal == (403, "LinkedAuthorizationFailed")
    assert f"is blocked by deny assignments on the '1' linked scope(s) '{source}'" in answer.body["error"]["message"]
    assert (await raw("PUT", disk_id("d1"), copy_body(os_disk_id(simulator, "windows1")))).status == 202


async def test_a_management_group_holds_the_subscriptions_that_it_names(simulator: Simulator, raw: Raw):
    simulator.deny(DenyAssignment("corp", CORP))
    simulator.world.management_groups["corp"] = frozenset({"99999999-9999-9999-9999-999999999999"})
    assert (await raw("POST", vm_path("stopped1", "/start"))).status == 202
    body = {"CORP": [SUBSCRIPTION.upper()]}
    assert (await raw("PUT", "/_simulator/managementGroups", body)).status == 200
    assert (await raw("POST", vm_path("dealloc1", "/start"))).status == 403


async def test_the_control_plane_sets_and_removes_them(simulator: Simulator, raw: Raw):
    given = {"name": "frozen", "scope": vm_path("linux1"), "notActions": [], "actions": ["*/restart/action"]}
    added = (await raw("POST", "/_simulator/denyAssignments", given)).body
    assert (await raw("GET", "/_simulator/denyAssignments")).body == {"denyAssignments": [added]}
    assert (await raw("POST", vm_path("linux1", "/restart"))).status == 403
    assert (await raw("DELETE", "/_simulator/denyAssignments", {"scope": vm_path("linux1")})).body == {"removed": 1}
    assert (await raw("POST", vm_path("linux1", "/restart"))).status == 202
    assert (await raw("POST", "/_simulator/denyAssignments", {"name": "x", "what": 1})).status == 400
