"""A policy assignment: its scope, its effect, and what it asks of a resource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from emulators.arm.authorization.scopes import MANAGEMENT_GROUP
from emulators.arm.compute.vms.specs import ExtensionSpec
from emulators.arm.state.regions import region_key

type Effect = Literal["deny", "modify", "append", "deployIfNotExists"]
_EFFECTS = ("deny", "modify", "append", "deployIfNotExists")


@dataclass(frozen=True)
class Expression:
    """One evaluated condition of a policy that matched."""

    field: str
    operator: str
    target: str
    value: str | None = None

    def body(self) -> dict[str, Any]:
        """An entry of `evaluatedExpressions`."""
        shown = {"result": "True", "expressionKind": "Field", "expression": self.field, "path": self.field}
        if self.value is not None:
            shown["expressionValue"] = self.value
        return {**shown, "targetValue": self.target, "operator": self.operator}


@dataclass(frozen=True)
class Candidate:
    """A resource as a request would leave it; `tags` is None for a type without tags."""

    id: str
    kind: str
    location: str | None
    tags: Mapping[str, str] | None


@dataclass(frozen=True)
class PolicyAssignment:
    """A policy at a scope: a resource, a group, a subscription or a management group.

    deny: refuses what lacks `required_tags`, has another value than `tag_values` says, or is not in
    `allowed_locations`; without any of them it refuses every resource of `types`. modify and append: give what is
    written the tags in `tags` and, of its resource group, those in `inherited_tags`; only modify with `replace`
    changes a value. deployIfNotExists: installs `extension` on a VM `after_minutes` after its creation.
    """

    name: str
    scope: str
    effect: Effect = "deny"
    display_name: str = ""
    definition_name: str = ""
    definition_display_name: str = ""
    #: The non-compliance message, which Azure shows as the reason.
    message: str = ""
    #: Resource types (with `*`); empty: all that have tags and a location.
    types: tuple[str, ...] = ()
    required_tags: tuple[str, ...] = ()
    #: The allowed values of tags, which are required as well.
    tag_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    allowed_locations: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    inherited_tags: tuple[str, ...] = ()
    replace: bool = False
    extension: ExtensionSpec | None = None
    #: deployIfNotExists applies to VMs of this system; None: to all.
    os: Literal["Linux", "Windows"] | None = None
    after_minutes: float = 10
    #: The installation of the extension fails.
    extension_fails: bool = False
    not_scopes: tuple[str, ...] = ()
    #: False: enforcementMode DoNotEnforce, which has no effect on requests.
    enforced: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError for an effect that is not known, or that lacks what it does."""
        if self.effect not in _EFFECTS:
            raise ValueError(f"effect must be one of {', '.join(_EFFECTS)}")
        if self.effect in ("modify", "append") and not (self.tags or self.inherited_tags):
            raise ValueError(f"{self.effect} needs 'tags' or 'inheritedTags'")
        if self.effect == "deployIfNotExists" and self.extension is None:
            raise ValueError("deployIfNotExists needs an 'extension'")

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "PolicyAssignment":
        """From JSON with the members of this class in camelCase. Raises ValueError for an unknown member."""
        values = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): value for name, value in document.items()}
        if unknown := sorted(values.keys() - {entry.name for entry in fields(PolicyAssignment)}):
            raise ValueError(f"unknown field(s) {', '.join(unknown)} of a policy assignment")
        for name in ("types", "required_tags", "allowed_locations", "inherited_tags", "not_scopes"):
            values[name] = tuple(values.get(name, ()))
        values["tag_values"] = {name: tuple(held) for name, held in values.get("tag_values", {}).items()}
        if values.get("extension") is not None:
            values["extension"] = ExtensionSpec(**values["extension"])
        return PolicyAssignment(**values)

    @property
    def id(self) -> str:
        """The ARM id of the assignment."""
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/policyAssignments/{self.name}"

    @property
    def definition_id(self) -> str:
        """The ARM id of the definition, which lies in the assignment's management group or subscription."""
        parts = self.scope.split("/")
        owner = self.scope if self.scope.lower().startswith(MANAGEMENT_GROUP.lower()) else "/".join(parts[:3])
        return f"{owner.rstrip('/')}/providers/Microsoft.Authorization/policyDefinitions/{self.definition}"

    @property
    def definition(self) -> str:
        """The name of the definition."""
        return self.definition_name or self.name

    @property
    def shown_effect(self) -> str:
        """The effect as errors spell it."""
        return self.effect[0].upper() + self.effect[1:]

    def wanted_tags(self, of_group: Mapping[str, str]) -> dict[str, str]:
        """The tags that modify and append give, with those of the resource group."""
        held = {name.lower(): value for name, value in of_group.items()}
        inherited = {name: held[name.lower()] for name in self.inherited_tags if name.lower() in held}
        return {**self.tags, **inherited}

    def missing_tags(self, tags: Mapping[str, str] | None) -> list[str]:
        """Names of required tags that a resource does not have; none for a type without tags."""
        if tags is None:
            return []
        held = {name.lower() for name in tags}
        return [name for name in (*self.required_tags, *self.tag_values) if name.lower() not in held]

    def wrong_tags(self, tags: Mapping[str, str] | None) -> list[str]:
        """Names of tags with a value that is not allowed."""
        held = {name.lower(): value for name, value in (tags or {}).items()}
        return [name for name, values in self.tag_values.items() if held.get(name.lower(), values[0]) not in values]

    def allows_location(self, location: str | None) -> bool:
        """Whether a resource may be in a region; a global one, and one without a region, may always."""
        if not self.allowed_locations or location is None or region_key(location) == "global":
            return True
        return region_key(location) in {region_key(name) for name in self.allowed_locations}

    def forbids_type(self) -> bool:
        """Whether it denies every resource of its types."""
        return self.effect == "deny" and not (self.required_tags or self.tag_values or self.allowed_locations)

    def violations(self, candidate: Candidate) -> list[Expression]:
        """Why a deny assignment refuses a resource; empty when it does not."""
        tags = candidate.tags
        found = [Expression(f"tags[{name}]", "Exists", "false") for name in self.missing_tags(tags)]
        for name in self.wrong_tags(tags):
            value = next(held for known, held in (tags or {}).items() if known.lower() == name.lower())
            found.append(Expression(f"tags[{name}]", "NotIn", ",".join(self.tag_values[name]), value))
        if not self.allows_location(candidate.location):
            found.append(Expression("location", "NotIn", ",".join(self.allowed_locations), candidate.location))
        if found or self.forbids_type():
            return [Expression("type", "Equals", candidate.kind, candidate.kind), *found]
        return []
