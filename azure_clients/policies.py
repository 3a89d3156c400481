"""Asks Azure which policies would deny a resource that does not exist yet: Policy Restrictions - Check."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from azure_clients.rest import Json, post_json
from contracts.activities.governance import PolicyDenial
from contracts.resources import Kind

_QUERY = "api-version=2024-10-01"
RUN_COMMAND = "Microsoft.Compute/virtualMachines/runCommands"
_CONTENT_API = {
    Kind.VM: "2024-07-01",
    RUN_COMMAND: "2024-07-01",
    Kind.MANAGED_IMAGE: "2024-07-01",
    Kind.DISK: "2023-10-02",
    Kind.SNAPSHOT: "2023-10-02",
    Kind.IMAGE_VERSION: "2023-07-03",
    Kind.SECURITY_GROUP: "2024-05-01",
    Kind.NETWORK_INTERFACE: "2024-05-01",
}
"""Published api-versions in which each body has the same form: the aliases of policies are resolved by them."""
_PARENTS = {Kind.IMAGE_VERSION: "/versions/", RUN_COMMAND: "/runCommands/"}


class Question(NamedTuple):
    """A resource that a run will create: its type, its ARM id, and the body of its request."""

    type: str
    id: str
    body: Mapping[str, Any]

    @property
    def group(self) -> str:
        """The ARM id of its resource group."""
        return "/".join(self.id.split("/")[:5])


async def read_denials(question: Question) -> tuple[PolicyDenial, ...]:
    """Ask which policies would deny the resource (1 request, which changes nothing).

    Raises ArmRefused (403: not allowed, 404: no such group), ArmThrottled or ArmUnavailable.
    """
    parent, _, name = question.id.rpartition("/")
    content = {"type": question.type, "name": name, **without_secrets(question.body)}
    details: dict[str, Any] = {"resourceContent": content, "apiVersion": _CONTENT_API[question.type]}
    if (marker := _PARENTS.get(question.type)) is not None:
        details["scope"] = f"{parent}/".removesuffix(marker)
    path = f"{question.group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    answer = await post_json(path, _QUERY, {"resourceDetails": details})
    return tuple(dict.fromkeys(_denials(question, answer)))


def _denials(question: Question, answer: Json) -> Iterator[PolicyDenial]:
    """Only `deny` and `denyAction` refuse something; an effect that is not named may be one of them."""
    result = cast("Json", answer.get("contentEvaluationResult") or {})
    for found in cast("list[Json]", result.get("policyEvaluations") or []):
        effect = str(cast("Json", found.get("effectDetails") or {}).get("policyEffect") or "")
        compliant = str(found.get("evaluationResult", "")).lower() == "compliant"
        if compliant or (effect and not effect.lower().startswith("deny")):
            continue
        policy = cast("Json", found.get("policyInfo") or {})
        yield PolicyDenial(
            resource_type=question.type,
            group=question.group,
            assignment_id=str(policy.get("policyAssignmentId") or "unknown")[:300],
            definition_id=str(policy.get("policyDefinitionId") or "")[:300],
            effect=effect[:50],
        )


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body without the administrator's password: no policy is asked about it."""
    properties = dict(body.get("properties") or {})
    if "osProfile" in properties:
        profile = dict(properties["osProfile"])
        profile.pop("adminPassword", None)
        properties["osProfile"] = profile
    return {**body, "properties": properties}
