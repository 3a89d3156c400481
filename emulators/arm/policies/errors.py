"""The refusals of Azure Policy, and of Azure itself for a closed region."""

import json
from collections.abc import Sequence
from typing import Any

from emulators.arm.errors import ArmError
from emulators.arm.policies.assignments import Expression, PolicyAssignment

#: Why a full region takes no new subscriptions.
NOT_ACCEPTING = "The selected region is currently not accepting new customers: https://aka.ms/locationineligible."

type Violations = Sequence[tuple[PolicyAssignment, Sequence[Expression]]]


def disallowed_by_policy(name: str, violations: Violations) -> ArmError:
    """403: one or more assignments refuse a request; `name` is that of the resource."""
    reasons = list(dict.fromkeys(held.message for held, _ in violations if held.message))
    if reasons:
        why = f"Reasons: {', '.join(f"'{reason}'" for reason in reasons)}. See error details for policy resource IDs."
    else:
        identifiers = json.dumps([_identifiers(held) for held, _ in violations], separators=(",", ":"))
        why = f"Policy identifiers: '{identifiers}'."
    info = tuple({"type": "PolicyViolation", "info": _violation(held, found)} for held, found in violations)
    message = f"Resource '{name}' was disallowed by policy. {why}"
    return ArmError(403, "RequestDisallowedByPolicy", message, name, gateway=True, additional_info=info)


def disallowed_by_azure(name: str, reason: str) -> ArmError:
    """403: the region is closed for the subscription."""
    return ArmError(
        403, "RequestDisallowedByAzure", f"Resource '{name}' was disallowed by Azure: {reason}", name, gateway=True
    )


def _identifiers(held: PolicyAssignment) -> dict[str, Any]:
    assignment = {"name": held.display_name or held.name, "id": held.id}
    definition = {"name": held.definition_display_name or held.definition, "id": held.definition_id}
    return {"policyAssignment": assignment, "policyDefinition": definition}


def _violation(held: PolicyAssignment, found: Sequence[Expression]) -> dict[str, Any]:
    details: dict[str, Any] = {"evaluatedExpressions": [expression.body() for expression in found]}
    if held.message:
        details["reason"] = held.message
    shown = {"evaluationDetails": details, "policyDefinitionId": held.definition_id}
    shown |= {
        "policyDefinitionName": held.definition,
        "policyDefinitionDisplayName": held.definition_display_name or held.definition,
    }
    shown |= {"policyDefinitionEffect": held.shown_effect, "policyAssignmentId": held.id}
    shown |= {"policyAssignmentName": held.name, "policyAssignmentDisplayName": held.display_name or held.name}
    return {**shown, "policyAssignmentScope": held.scope, "policyAssignmentParameters": {}, "policyExemptionIds": []}
