"""Policies refuse requests and change tags, as Azure Policy does."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import PolicyAssignment, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import GROUP_ID, copy_body, disk_id, finish, os_disk_id, snapshot_id
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, Sdk, code_of, vm_path

ROOT = f"/subscriptions/{SUBSCRIPTION}"
CORP = "/providers/Microsoft.Management/managementGroups/corp"
DENIED = (403, "RequestDisallowedByPolicy")


async def test_a_missing_tag_is_refused_with_azures_message_and_information(simulator: Simulator, client: Sdk):
    held = simulator.assign(
        PolicyAssignment(
            "tags-1", ROOT, display_name="Mandatory tags", message="COSTCENTER must be set", definition_name="def-1",
            definition_display_name="Require a tag", required_tags=("COSTCENTER",),
        )
    )  # fmt: skip
    body = copy_body(os_disk_id(simulator, "linux1"))
    with pytest.raises(HttpResponseError) as refused:
        await client.snapshots.begin_create_or_update(GROUP, "s1", body)
    assert (refused.value.status_code, code_of(refused)) == DENIED
    error: Any = refused.value.error
    assert error.message == (
        "Resource 's1' was disallowed by policy. Reasons: 'COSTCENTER must be set'. See error details for policy "
        "resource IDs."
    )
    assert error.target == "s1"
    (info,) = error.additional_info
    assert info.type == "PolicyViolation"
    shown = info.info
    assert shown["policyAssignmentId"] == held.id
    assert held.id == f"{ROOT}/providers/Microsoft.Authorization/policyAssignments/tags-1"
    assert (shown["policyAssignmentName"], shown["policyAssignmentDisplayName"]) == ("tags-1", "Mandatory tags")
    assert shown["policyDefinitionId"] == f"{ROOT}/providers/Microsoft.Authorization/policyDefinitions/def-1"
    assert (shown["policyDefinitionName"], shown["policyDefinitionDisplayName"]) == ("def-1", "Require a tag")
    assert (shown["policyDefinitionEffect"], shown["policyAssignmentScope"]) == ("Deny", ROOT)
    assert shown["evaluationDetails"]["reason"] == "COSTCENTER must be set"
    expressions = shown["evaluationDetails"]["evaluatedExpressions"]
    assert [entry["expression"] for entry in expressions] == ["type", "tags[COSTCENTER]"]
    assert not simulator.world.resource


async def test_without_a_message_the_policies_are_named(simulator: Simulator, raw: Raw):
    for name in ("one", "two"):
        simulator.assign(PolicyAssignment(name, GROUP_ID, required_tags=(name,)))
    answer = await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1")))
    assert answer.refusal == DENIED
    message = answer.body["error"]["message"]
    assert message.startswith("Resource 's1' was disallowed by policy. Policy identifiers: '[{\"policyAssignment\":")
    assert f'{{"name":"two","id":"{GROUP_ID}/providers/Microsoft.Authorization/policyAssignments/two"}}' in message
    assert len(answer.body["error"]["additionalInfo"]) == 2


async def test_a_scope_types_and_exclusions_limit_a_policy(simulator: Simulator, raw: Raw):
    source = os_disk_id(simulator, "linux1")
    simulator.world.add_group(f"{ROOT}/resourceGroups/free-rg")
    simulator.assign(PolicyAssignment("a", CORP, types=("Microsoft.Compute/snapshots",), required_tags=("owner",)))
    simulator.assign(PolicyAssignment("off", ROOT, enforced=False))
    simulator.assign(PolicyAssignment("b", ROOT, types=("Microsoft.Compute/images",)))
    free = f"{ROOT}/resourceGroups/free-rg/providers/Microsoft.Compute/snapshots/s1"
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source))).refusal == DENIED
    assert (await raw("PUT", free, copy_body(source))).refusal == DENIED
    assert (await raw("PUT", disk_id("d1"), copy_body(source))).status == 202
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source, tags={"OWNER": "me"}))).status == 202
    simulator.world.policies.remove("a")
    simulator.assign(PolicyAssignment("a", CORP, required_tags=("owner",), not_scopes=(free.partition("/prov")[0],)))
    assert (await raw("PUT", free, copy_body(source))).status == 202
    simulator.world.management_groups["corp"] = frozenset({"99999999-9999-9999-9999-999999999999"})
    assert (await raw("PUT", snapshot_id("s2"), copy_body(source))).status == 202


async def test_locations_values_and_whole_types_are_refused(simulator: Simulator, raw: Raw, clock: SteppedClock):
    source = os_disk_id(simulator, "linux1")
    simulator.assign(PolicyAssignment("where", ROOT, allowed_locations=("northeurope",)))
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source))).refusal == DENIED
    simulator.world.policies.remove("where")
    simulator.assign(PolicyAssignment("where", ROOT, allowed_locations=("West Europe",)))
    simulator.assign(PolicyAssignment("what", ROOT, tag_values={"stage": ("prod", "test")}))
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source, tags={"stage": "home"}))).refusal == DENIED
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source, tags={"stage": "test"}))).status == 202
    simulator.assign(PolicyAssignment("none", ROOT, types=("Microsoft.Compute/disks",)))
    assert (await raw("PUT", disk_id("d1"), copy_body(source, tags={"stage": "test"}))).refusal == DENIED
    assert (await raw("GET", disk_id("d1"))).status == 404
    assert (await raw("DELETE", snapshot_id("s1"))).status == 202


async def test_a_change_of_tags_and_a_run_command_are_evaluated_too(simulator: Simulator, client: Sdk, raw: Raw):
    simulator.assign(PolicyAssignment("tags-1", ROOT, required_tags=("golden",)))
    assert (await raw("PATCH", vm_path("linux1"), {"tags": {"other": "x"}})).refusal == DENIED
    assert simulator.vm("linux1").tags == {"golden": "yes"}
    assert (await raw("PATCH", vm_path("linux1"), {"tags": {"golden": "no"}})).status == 200
    run = {"location": "westeurope", "properties": {"source": {"script": "true"}}}
    assert (await raw("PUT", vm_path("linux1", "/runCommands/r"), run)).refusal == DENIED
    assert (await raw("PUT", vm_path("linux1", "/runCommands/r"), {**run, "tags": {"golden": "1"}})).status == 201
    assert (await raw("POST", vm_path("linux1", "/deallocate"))).status == 202


async def test_modify_and_append_give_tags_before_deny_is_evaluated(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.world.add_group(GROUP_ID, {"CostCenter": "42"})
    simulator.assign(PolicyAssignment("inherit", ROOT, effect="modify", inherited_tags=("costcenter", "unknown")))
    simulator.assign(PolicyAssignment("mark", ROOT, effect="append", tags={"by": "policy", "run": "not this"}))
    simulator.assign(PolicyAssignment("force", ROOT, effect="modify", tags={"stage": "prod"}, replace=True))
    simulator.assign(PolicyAssignment("require", ROOT, required_tags=("costcenter", "by")))
    body = copy_body(os_disk_id(simulator, "linux1"), tags={"run": "r1", "Stage": "test"})
    created = await finish(clock, client.snapshots.begin_create_or_update(GROUP, "s1", body))
    expected = {"run": "r1", "Stage": "prod", "costcenter": "42", "by": "policy"}
    assert created.tags == expected
    assert (await client.snapshots.get(GROUP, "s1")).tags == expected
    updated = await finish(clock, client.virtual_machines.begin_update(GROUP, "linux1", {"tags": {}}))
    assert updated.tags == {"stage": "prod", "costcenter": "42", "by": "policy", "run": "not this"}


async def test_the_group_shows_its_tags(simulator: Simulator, raw: Raw):
    simulator.world.add_group(GROUP_ID, {"CostCenter": "42"})
    assert (await raw("GET", GROUP_ID)).body["tags"] == {"CostCenter": "42"}


async def test_the_control_plane_assigns_and_removes_policies(simulator: Simulator, raw: Raw):
    policy = {"name": "p1", "scope": ROOT, "effect": "deny", "requiredTags": ["owner"], "displayName": "Owners"}
    added = (await raw("POST", "/_simulator/policies", policy)).body
    assert (await raw("GET", "/_simulator/policies")).body == {"policies": [added]}
    body = copy_body(os_disk_id(simulator, "linux1"))
    assert (await raw("PUT", snapshot_id("s1"), body)).refusal == DENIED
    assert (await raw("PUT", "/_simulator/groupTags", {"id": GROUP_ID, "tags": {"owner": "me"}})).status == 200
    inherit = {"name": "p2", "scope": ROOT, "effect": "modify", "inheritedTags": ["owner"]}
    assert (await raw("POST", "/_simulator/policies", inherit)).status == 200
    assert (await raw("PUT", snapshot_id("s1"), body)).status == 202
    assert (await raw("DELETE", "/_simulator/policies", {"name": "p1"})).body == {"removed": 1}
    for wrong in ({"effect": "audit"}, {"effect": "modify"}, {"effect": "deployIfNotExists"}, {"colour": "red"}):
        assert (await raw("POST", "/_simulator/policies", {**policy, **wrong})).status == 400


async def test_another_subscription_below_no_assignment_is_free(simulator: Simulator, raw: Raw):
    other = VmSpec("other1", subscription_id="99999999-9999-9999-9999-999999999999")
    simulator.add_vm(other)
    simulator.assign(PolicyAssignment("p1", ROOT))
    assert (await raw("PATCH", other.id, {"tags": {}})).status == 200
    assert (await raw("PATCH", vm_path("linux1"), {"tags": {}})).refusal == DENIED
