"""checkPolicyRestrictions: what a request would meet, before anything is created."""

from typing import Any

from emulators.arm import PolicyAssignment, Role, Simulator
from tests.emulators.arm.bodies import GROUP_ID
from tests.emulators.arm.fleet import SUBSCRIPTION, Raw

ROOT = f"/subscriptions/{SUBSCRIPTION}"
CHECK = "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=2024-10-01"
SNAPSHOT = {"type": "Microsoft.Compute/snapshots", "location": "westeurope", "tags": {"run": "r1"}}


async def _check(raw: Raw, content: dict[str, Any] = SNAPSHOT, *pending: dict[str, Any], at: str = GROUP_ID) -> Any:
    body = {"resourceDetails": {"resourceContent": content, "apiVersion": "2024-03-02"}, "pendingFields": pending}
    answer = await raw("POST", at + CHECK, body)
    assert answer.status == 200
    return answer.body


async def test_content_that_would_be_denied_is_not_compliant(simulator: Simulator, raw: Raw):
    held = simulator.assign(PolicyAssignment("p1", GROUP_ID, required_tags=("owner",), message="owner is required"))
    body = await _check(raw)
    assert body["fieldRestrictions"] == []
    (evaluation,) = body["contentEvaluationResult"]["policyEvaluations"]
    assert evaluation["policyInfo"] == {"policyDefinitionId": held.definition_id, "policyAssignmentId": held.id}
    assert evaluation["evaluationResult"] == "NonCompliant"
    assert evaluation["effectDetails"] == {"policyEffect": "Deny"}
    assert evaluation["evaluationDetails"]["reason"] == "owner is required"
    tagged = {**SNAPSHOT, "tags": {"Owner": "me"}}
    assert (await _check(raw, tagged))["contentEvaluationResult"] == {"policyEvaluations": []}
    assert (await _check(raw, at=ROOT))["contentEvaluationResult"] == {"policyEvaluations": []}
    assert not simulator.world.resource


async def test_pending_fields_are_restricted(simulator: Simulator, raw: Raw):
    simulator.assign(PolicyAssignment("who", ROOT, required_tags=("owner",), tag_values={"stage": ("prod", "test")}))
    simulator.assign(PolicyAssignment("where", ROOT, allowed_locations=("westeurope", "northeurope")))
    content = {"type": "Microsoft.Compute/disks"}
    places = ["West Europe", "eastus"]
    body = await _check(raw, content, {"field": "tags"}, {"field": "location", "values": places}, at=ROOT)
    shown = {entry["field"]: entry["restrictions"][0] for entry in body["fieldRestrictions"]}
    assert {name: (entry["result"], entry.get("values")) for name, entry in shown.items()} == {
        "tags.owner": ("Required", None),
        "tags.stage": ("Required", ["prod", "test"]),
        "location": ("Deny", ["eastus"]),
    }
    assert {entry["policyEffect"] for entry in shown.values()} == {"Deny"}
    assert body["contentEvaluationResult"] == {"policyEvaluations": []}
    body = await _check(raw, content, {"field": "location"}, at=ROOT)
    (entry,) = [entry for entry in body["fieldRestrictions"] if entry["field"] == "location"]
    assert entry["restrictions"][0]["values"] == ["westeurope", "northeurope"]
    assert len(body["contentEvaluationResult"]["policyEvaluations"]) == 1


async def test_a_wrong_value_and_a_forbidden_type_are_not_compliant(simulator: Simulator, raw: Raw):
    simulator.assign(PolicyAssignment("stage", ROOT, tag_values={"stage": ("prod",)}))
    simulator.assign(PolicyAssignment("none", ROOT, types=("Microsoft.Compute/snapshots",)))
    content = {**SNAPSHOT, "tags": {"stage": "home"}}
    found = (await _check(raw, content, {"field": "tags"}))["contentEvaluationResult"]["policyEvaluations"]
    assert [entry["policyInfo"]["policyAssignmentId"].rsplit("/", 1)[1] for entry in found] == ["stage", "none"]


async def test_tags_that_policies_will_give_are_shown_for_pending_tags(simulator: Simulator, raw: Raw):
    simulator.world.add_group(GROUP_ID, {"owner": "team"})
    simulator.assign(PolicyAssignment("inherit", ROOT, effect="modify", inherited_tags=("owner",)))
    simulator.assign(PolicyAssignment("force", ROOT, effect="modify", tags={"run": "r9"}, replace=True))
    simulator.assign(PolicyAssignment("require", ROOT, required_tags=("owner",)))
    body = await _check(raw, SNAPSHOT, {"field": "tags"})
    shown = {entry["field"]: entry["restrictions"][0] for entry in body["fieldRestrictions"]}
    assert (shown["tags.owner"]["result"], shown["tags.owner"]["defaultValue"]) == ("Required", "team")
    assert shown["tags.run"]["values"] == ["r9"]
    assert shown["tags.run"]["policyEffect"] == "Modify"
    assert body["contentEvaluationResult"] == {"policyEvaluations": []}
    assert (await _check(raw))["fieldRestrictions"] == []


async def test_it_needs_a_right_and_a_type(simulator: Simulator, raw: Raw):
    body = {"resourceDetails": {"resourceContent": {"location": "westeurope"}}}
    assert (await raw("POST", GROUP_ID + CHECK, body)).refusal == (400, "InvalidParameter")
    simulator.role = Role(("*",), ("Microsoft.PolicyInsights/checkPolicyRestrictions/read",))
    assert (await raw("POST", GROUP_ID + CHECK, body)).refusal == (403, "AuthorizationFailed")
