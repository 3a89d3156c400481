"""Deny assignments: what nobody may do at a scope, although a role allows it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.arm.authorization.roles import matches
from emulators.arm.authorization.scopes import applies_at
from emulators.arm.http.identity import OBJECT_ID
from emulators.arm.state.ids import is_within

#: The system-defined principal that stands for all users, groups and applications.
EVERYONE = "00000000-0000-0000-0000-000000000000"
KIND = "Microsoft.Authorization/denyAssignments"
_TUPLES = ("actions", "notActions", "dataActions", "notDataActions", "principals", "excludePrincipals")
_NAMES = {
    "notActions": "not_actions", "dataActions": "data_actions", "notDataActions": "not_data_actions",
    "excludePrincipals": "exclude_principals", "isSystemProtected": "is_system_protected",
    "doNotApplyToChildScopes": "do_not_apply_to_child_scopes",
}  # fmt: skip


@dataclass(frozen=True)
class DenyAssignment:
    """A deny assignment at a scope (a resource, a group, a subscription or a management group).

    `principals` and `exclude_principals` are object ids; by default everybody is denied.
    """

    name: str
    scope: str
    actions: tuple[str, ...] = ("*",)
    not_actions: tuple[str, ...] = ("*/read",)
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    principals: tuple[str, ...] = (EVERYONE,)
    exclude_principals: tuple[str, ...] = ()
    is_system_protected: bool = True
    do_not_apply_to_child_scopes: bool = False
    description: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "DenyAssignment":
        """From JSON with the members of this class in camelCase. Raises TypeError for an unknown member."""
        values: dict[str, Any] = {}
        for name, value in document.items():
            values[_NAMES.get(name, name)] = tuple(value) if name in _TUPLES else value
        return DenyAssignment(**values)

    def denies(self, principal: str) -> bool:
        """Whether it applies to a principal."""
        held = principal in self.principals or EVERYONE in self.principals
        return held and principal not in self.exclude_principals

    def body(self) -> dict[str, Any]:
        """The assignment as Deny Assignments - List returns it."""
        permission = {"actions": list(self.actions), "notActions": list(self.not_actions)}
        permission |= {"dataActions": list(self.data_actions), "notDataActions": list(self.not_data_actions)}
        properties = {
            "denyAssignmentName": self.name,
            "description": self.description,
            "permissions": [permission],
            "scope": self.scope,
            "doNotApplyToChildScopes": self.do_not_apply_to_child_scopes,
            "principals": [_principal(known) for known in self.principals],
            "excludePrincipals": [_principal(known) for known in self.exclude_principals],
            "isSystemProtected": self.is_system_protected,
        }
        scope = "" if self.scope == "/" else self.scope
        return {"id": f"{scope}/providers/{KIND}/{self.id}", "name": self.id, "type": KIND, "properties": properties}


def _principal(object_id: str) -> dict[str, str]:
    return {"id": object_id, "type": "SystemDefined" if object_id == EVERYONE else "ServicePrincipal"}


class DenyAssignments:
    """All deny assignments of the emulator. `members` are the subscriptions of the management groups."""

    def __init__(self, members: Mapping[str, frozenset[str]]) -> None:
        self._members = members
        self._all: list[DenyAssignment] = []

    def add(self, assignment: DenyAssignment) -> DenyAssignment:
        """Add a deny assignment; returns it."""
        self._all.append(assignment)
        return assignment

    def remove(self, scope: str) -> int:
        """Remove every assignment of exactly this scope; returns how many there were."""
        kept = [held for held in self._all if held.scope.lower().rstrip("/") != scope.lower().rstrip("/")]
        removed, self._all = len(self._all) - len(kept), kept
        return removed

    @property
    def all(self) -> tuple[DenyAssignment, ...]:
        """Every assignment, in the order in which they were added."""
        return tuple(self._all)

    def listed_at(self, scope: str, at_scope: bool = False) -> list[DenyAssignment]:
        """Assignments at a scope and above it and, unless `at_scope`, those of child scopes."""
        return [
            held
            for held in self._all
            if applies_at(scope, held.scope, self._members) or (not at_scope and is_within(held.scope, scope))
        ]

    def blocking(self, action: str, scope: str, *, data: bool = False) -> DenyAssignment | None:
        """The assignment that denies the caller an action at a scope; with `data` an action of a data plane."""
        for held in self._all:
            denied = (held.data_actions, held.not_data_actions) if data else (held.actions, held.not_actions)
            if held.denies(OBJECT_ID) and matches(action, denied[0]) and not matches(action, denied[1]):
                exactly = scope.lower().rstrip("/") == held.scope.lower().rstrip("/")
                if exactly or (not held.do_not_apply_to_child_scopes and applies_at(scope, held.scope, self._members)):
                    return held
        return None
