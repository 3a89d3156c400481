"""What policies would do to a resource that is not created yet: Policy Restrictions - Check."""

from collections.abc import Mapping
from typing import Any

from emulators.arm.errors import invalid_parameter, missing_parameter
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.schemas import AnyObject, ListOf, Members
from emulators.arm.policies.assignments import Candidate, Expression, PolicyAssignment
from emulators.arm.policies.policies import Policies

_DETAILS = Members(
    "CheckRestrictionsResourceDetails",
    {"resourceContent": AnyObject(), "apiVersion": str, "scope": str},
    ("resourceContent",),
)
_PENDING = Members("PendingField", {"field": str, "values": ListOf(str)}, ("field",))
_BODY = Members(
    "CheckRestrictionsRequest",
    {"resourceDetails": _DETAILS, "pendingFields": ListOf(_PENDING), "includeAuditEffect": bool},
    ("resourceDetails",),
)


class _Check:
    """One check: restrictions of pending fields, and evaluations of the content."""

    def __init__(self, policies: Policies, candidate: Candidate, pending: Mapping[str, list[str] | None]) -> None:
        self._policies = policies
        self._candidate = candidate
        self._pending = pending
        self._fields: dict[str, list[dict[str, Any]]] = {}
        self._evaluations: list[dict[str, Any]] = []

    def body(self) -> dict[str, Any]:
        """The answer."""
        candidate = self._candidate
        tags = self._policies.tags_after(candidate)
        for held in self._policies.applying(candidate, "modify", "append"):
            self._modified(held, tags or {})
        after = Candidate(candidate.id, candidate.kind, candidate.location, tags)
        for held in self._policies.applying(after, "deny"):
            self._denied(held, after)
        restrictions = [{"field": name, "restrictions": held} for name, held in self._fields.items()]
        evaluated = {"policyEvaluations": self._evaluations}
        return {"fieldRestrictions": restrictions, "contentEvaluationResult": evaluated}

    def _modified(self, held: PolicyAssignment, after: Mapping[str, str]) -> None:
        before = {name.lower(): value for name, value in (self._candidate.tags or {}).items()}
        names = {name.lower() for name in (*held.tags, *held.inherited_tags)}
        for name, value in after.items():
            if name.lower() in names and before.get(name.lower()) != value and self._is_pending_tag(name):
                forced = {"values": [value]} if held.replace else {}
                self._restrict(f"tags.{name}", held, result="Required", defaultValue=value, **forced)

    def _denied(self, held: PolicyAssignment, after: Candidate) -> None:
        found = held.violations(after)
        pending = [name for name in held.missing_tags(after.tags) if self._is_pending_tag(name)]
        for name in pending:
            allowed = held.tag_values.get(name)
            self._restrict(f"tags.{name}", held, result="Required", **({"values": list(allowed)} if allowed else {}))
        self._locations(held)
        decided = {f"tags[{name}]" for name in pending}
        open_ones = [expression for expression in found[1:] if expression.field not in decided]
        if found and (open_ones or held.forbids_type()):
            self._evaluate(held, [found[0], *open_ones])

    def _locations(self, held: PolicyAssignment) -> None:
        if "location" not in self._pending or not held.allowed_locations:
            return
        values = self._pending["location"]
        if values is None:
            self._restrict("location", held, result="Required", values=list(held.allowed_locations))
        elif denied := [value for value in values if not held.allows_location(value)]:
            self._restrict("location", held, result="Deny", values=denied)

    def _is_pending_tag(self, name: str) -> bool:
        low = name.lower()
        return any(known in self._pending for known in ("tags", f"tags.{low}", f"tags[{low}]", f"tags['{low}']"))

    def _restrict(self, name: str, held: PolicyAssignment, **restriction: Any) -> None:
        entry = {**restriction, "policy": _reference(held), "policyEffect": held.shown_effect}
        if held.message:
            entry["reason"] = held.message
        self._fields.setdefault(name, []).append(entry)

    def _evaluate(self, held: PolicyAssignment, found: list[Expression]) -> None:
        details: dict[str, Any] = {"evaluatedExpressions": [expression.body() for expression in found]}
        if held.message:
            details["reason"] = held.message
        evaluation = {"policyInfo": _reference(held), "evaluationResult": "NonCompliant", "evaluationDetails": details}
        self._evaluations.append({**evaluation, "effectDetails": {"policyEffect": held.shown_effect}})


def _reference(held: PolicyAssignment) -> dict[str, str]:
    return {"policyDefinitionId": held.definition_id, "policyAssignmentId": held.id}


async def check(call: Call) -> Answer:
    """What policies would do to a resource in the group or the subscription. It creates nothing."""
    scope, details = call.scope, call.body["resourceDetails"]
    content: Mapping[str, Any] = details["resourceContent"]
    kind, name = content.get("type"), str(content.get("name", "new"))
    if not isinstance(kind, str) or "/" not in kind:
        raise missing_parameter("resourceDetails.resourceContent.type")
    tags: Any = content.get("tags", {})
    if not isinstance(tags, dict):
        raise invalid_parameter("resourceDetails.resourceContent.tags", "tags must be an object.")
    namespace, _, path = kind.partition("/")
    parent = str(details.get("scope", f"{scope}/providers/{namespace}")).rstrip("/")
    candidate = Candidate(f"{parent}/{path.rsplit('/', 1)[-1]}/{name}", kind, content.get("location"), dict(tags))  # pyright: ignore[reportUnknownArgumentType]
    pending = {entry["field"].lower(): entry.get("values") for entry in call.body.get("pendingFields", [])}
    return Answer(200, _Check(call.world.policies, candidate, pending).body())


def _route(scope: str) -> Route:
    path = f"{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    action = "Microsoft.PolicyInsights/checkPolicyRestrictions/read"
    return Route("POST", path, "policyRestrictions.check", action, check, body=_BODY)


ROUTES = (
    _route("/subscriptions/{subscription}"),
    _route("/subscriptions/{subscription}/resourceGroups/{group}"),
)
