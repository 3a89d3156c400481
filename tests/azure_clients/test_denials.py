"""What a policy or a deny assignment rejected is named, in bounds and without secrets."""

import pytest

from azure_clients.errors import ArmRefused
from tests.azure_clients.test_errors import SECRET, SIGNED, arm, translate

ASSIGNMENT = "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/need-owner"


def violation(**info: object) -> dict[str, object]:
    known = {
        "policyAssignmentDisplayName": "Owner tag is needed",
        "policyAssignmentId": ASSIGNMENT,
        "policyDefinitionDisplayName": "Require a tag",
    }
    return {"type": "PolicyViolation", "info": {**known, **info}}


def disallowed(*additional: object, target: str | None = "gi-1-os-disk") -> dict[str, object]:
    message = f"Resource 'gi-1-os-disk' was disallowed by policy. Policy identifiers: '{'x' * 900}'."
    error = {"code": "RequestDisallowedByPolicy", "target": target, "message": message}
    return {"error": {**error, "additionalInfo": list(additional)}}


async def test_a_policys_denial_names_the_resource_and_the_assignment() -> None:
    error = await translate(403, disallowed(violation()))
    assert isinstance(error, ArmRefused)
    assert error.code == "RequestDisallowedByPolicy"
    assert error.message == (
        "resource 'gi-1-os-disk': denied by policy assignment 'Owner tag is needed' "
        f"({ASSIGNMENT}, definition 'Require a tag')"
    )


async def test_a_denial_in_the_details_and_without_display_names_is_named_too() -> None:
    info = violation(policyAssignmentDisplayName="", policyAssignmentName="need-owner", policyDefinitionDisplayName="")
    body = {"error": {"code": "InvalidTemplateDeployment", "message": "m", "details": [disallowed(info)["error"]]}}
    assert (await translate(400, body)).message == f"denied by policy assignment 'need-owner' ({ASSIGNMENT})"


async def test_the_text_of_a_denial_is_bounded_and_redacted() -> None:
    many = [violation(policyAssignmentDisplayName=f"{n} {SIGNED}" + "y" * 9_000) for n in range(50)]
    error = await translate(403, disallowed(*many, target="z" * 9_000))
    assert len(error.message) <= 500
    assert SECRET not in str(error)


@pytest.mark.parametrize("additional", [{"type": "PolicyViolation", "info": "odd"}, {"type": "Other", "info": {}}])
async def test_a_denial_of_no_known_form_keeps_azures_message(additional: object) -> None:
    error = await translate(403, disallowed(additional))
    assert error.message.startswith("Resource 'gi-1-os-disk' was disallowed by policy.")


async def test_a_deny_assignment_is_named_first() -> None:
    message = (
        f"The client '{'c' * 400}' has permission to perform action 'a' on scope 's'; however, the access is denied "
        "because of the deny assignment with name 'stack' and Id '/d/1' at scope 's'."
    )
    error = await translate(403, arm("DenyAssignmentAuthorizationFailed", message))
    assert error.message.startswith("deny assignment 'stack' (/d/1): The client 'c")


async def test_a_denial_on_a_linked_resource_is_named_first() -> None:
    message = f"The client '{'c' * 600}' ... is blocked by deny assignments on the '1' linked scope(s) '/subnets/s'."
    error = await translate(403, arm("LinkedAuthorizationFailed", message))
    assert error.message.startswith("blocked by deny assignments on the '1' linked scope(s) '/subnets/s': The client")
