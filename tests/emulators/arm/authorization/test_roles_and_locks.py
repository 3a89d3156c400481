"""Roles, permissions and locks: the emulator reports and enforces what a caller may do."""

import json
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Role, Simulator, VmSpec
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, Sdk, code_of, vm_path

READ_ONLY = Role(("*/read",), ("Microsoft.Compute/disks/read",))
PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
LOCKS = "/providers/Microsoft.Authorization/locks"


async def test_an_action_outside_the_role_is_403_with_arms_message(simulator: Simulator, client: Sdk):
    simulator.role = READ_ONLY
    await client.virtual_machines.get(GROUP, "linux1")
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.generalize(GROUP, "stopped1")
    assert refused.value.status_code == 403
    assert code_of(refused) == "AuthorizationFailed"
    message = str(refused.value)
    assert (
        "does not have authorization to perform action 'Microsoft.Compute/virtualMachines/generalize/action'" in message
    )
    assert f"over scope '{vm_path('stopped1', '/generalize')}' or the scope is invalid" in message
    assert not simulator.vm("stopped1").generalized


ACTIONS = [
    ("GET", vm_path("linux1"), "Microsoft.Compute/virtualMachines/read"),
    ("GET", vm_path("linux1", "/instanceView"), "Microsoft.Compute/virtualMachines/instanceView/read"),
    ("PATCH", vm_path("linux1"), "Microsoft.Compute/virtualMachines/write"),
    ("DELETE", vm_path("linux1"), "Microsoft.Compute/virtualMachines/delete"),
    ("POST", vm_path("linux1", "/start"), "Microsoft.Compute/virtualMachines/start/action"),
    ("POST", vm_path("linux1", "/powerOff"), "Microsoft.Compute/virtualMachines/powerOff/action"),
    ("POST", vm_path("linux1", "/restart"), "Microsoft.Compute/virtualMachines/restart/action"),
    ("POST", vm_path("linux1", "/deallocate"), "Microsoft.Compute/virtualMachines/deallocate/action"),
    ("POST", vm_path("linux1", "/generalize"), "Microsoft.Compute/virtualMachines/generalize/action"),
    ("POST", vm_path("linux1", "/runCommand"), "Microsoft.Compute/virtualMachines/runCommand/action"),
    (
        "POST",
        vm_path("linux1", "/retrieveBootDiagnosticsData"),
        "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
    ),
    ("GET", vm_path("linux1", "/runCommands"), "Microsoft.Compute/virtualMachines/runCommands/read"),
    ("GET", vm_path("linux1", "/runCommands/r"), "Microsoft.Compute/virtualMachines/runCommands/read"),
    ("PUT", vm_path("linux1", "/runCommands/r"), "Microsoft.Compute/virtualMachines/runCommands/write"),
    ("DELETE", vm_path("linux1", "/runCommands/r"), "Microsoft.Compute/virtualMachines/runCommands/delete"),
    ("GET", vm_path("linux1", PERMISSIONS), "Microsoft.Authorization/permissions/read"),
    ("GET", vm_path("linux1", LOCKS), "Microsoft.Authorization/locks/read"),
    ("GET", f"/subscriptions/{SUBSCRIPTION}", "Microsoft.Resources/subscriptions/read"),
    (
        "GET",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ),
    (
        "GET",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/disks/d",
        "Microsoft.Compute/disks/read",
    ),
]


async def test_every_request_is_one_action(simulator: Simulator, raw: Raw):
    simulator.world.throttle.enabled = False
    for method, path, action in ACTIONS:
        simulator.role = Role(("*",), (action,))
        answer = await raw(method, path)
        assert answer.refusal == (403, "AuthorizationFailed"), path
        assert f"'{action}'" in answer.body["error"]["message"]
        assert simulator.requests()[-1].action == action
        simulator.role = Role((action.upper(),))
        assert (await raw(method, path)).status != 403, path


async def test_permissions_are_reported_at_every_scope(simulator: Simulator, raw: Raw):
    simulator.role = READ_ONLY
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    for scope in (vm_path("linux1"), group, f"/subscriptions/{SUBSCRIPTION}"):
        (entry,) = (await raw("GET", scope + PERMISSIONS)).body["value"]
        assert entry["actions"] == ["*/read"]
        assert entry["notActions"] == ["Microsoft.Compute/disks/read"]
        assert (entry["dataActions"], entry["notDataActions"]) == ([], [])
    assert (await raw("GET", vm_path("nobody") + PERMISSIONS)).status == 404


async def test_a_role_of_one_group_sees_its_vms_and_no_others(simulator: Simulator, client: Sdk, raw: Raw):
    simulator.add_vm(VmSpec("foreign1", resource_group="other-rg"))
    simulator.role = Role(("*",), (), (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/GOLDEN-RG",))
    assert (await raw("GET", vm_path("linux1"))).status == 200
    assert (await raw("GET", VmSpec("foreign1", resource_group="other-rg").id)).status == 403
    names = [vm.name async for vm in client.virtual_machines.list_all()]
    assert "linux1" in names
    assert "foreign1" not in names


def test_a_role_is_read_from_both_published_forms(tmp_path: Path):
    cli = {"Name": "x", "Actions": ["a/read"], "NotActions": ["b"]}
    arm = {"properties": {"permissions": [{"actions": ["a/read"], "notActions": ["b"]}]}}
    for number, document in enumerate((cli, arm)):
        file = tmp_path / f"role{number}.json"
        file.write_text(json.dumps(document))
        assert Role.from_file(file) == Role(("a/read",), ("b",))
    cli["DataActions"] = arm["properties"]["permissions"][0]["dataActions"] = ["c/action"]
    for document in (cli, arm):
        role = Role.from_json(document)
        assert (role.allows_data("C/action", "/any"), role.allows_data("d/action", "/any")) == (True, False)
    with pytest.raises(ValueError, match="Actions"):
        Role.from_json({})


async def test_locks_are_inherited_and_enforced(simulator: Simulator, raw: Raw):
    group = VmSpec("x").group_id
    simulator.lock(group, "CanNotDelete", "keep")
    simulator.lock(vm_path("linux1"), "ReadOnly", "frozen")
    seen = (await raw("GET", vm_path("linux1") + LOCKS)).body["value"]
    assert {entry["name"]: entry["properties"]["level"] for entry in seen} == {
        "keep": "CanNotDelete",
        "frozen": "ReadOnly",
    }
    assert [entry["name"] for entry in (await raw("GET", vm_path("windows1") + LOCKS)).body["value"]] == ["keep"]
    at_group = f"{group}{LOCKS}?api-version=1&$filter=atScope()"
    assert [entry["name"] for entry in (await raw("GET", at_group)).body["value"]] == ["keep"]
    for method, path, status in (
        ("POST", vm_path("linux1", "/deallocate"), 409),
        ("GET", vm_path("linux1"), 200),
        ("DELETE", vm_path("windows1"), 409),
        ("POST", vm_path("windows1", "/deallocate"), 202),
    ):
        answer = await raw(method, path)
        assert answer.status == status
        if status == 409:
            assert answer.body["error"]["code"] == "ScopeLocked"
            assert "following scope(s) are locked" in answer.body["error"]["message"]
