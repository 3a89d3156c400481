"""The permissions of the caller: a role's actions, matched as Azure matches them."""

import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.arm.state.ids import is_within


@dataclass(frozen=True)
class Role:
    """Actions and excluded actions (with `*`), and the scopes where the role is assigned ("/" is everywhere).

    `data_actions` are those of data planes, such as reading a secret; None (not in the definition) allows all.
    """

    actions: tuple[str, ...] = ("*",)
    not_actions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("/",)
    data_actions: tuple[str, ...] | None = None

    @staticmethod
    def of(actions: Iterable[str], not_actions: Iterable[str] = (), scopes: Iterable[str] = ("/",)) -> "Role":
        """A role from any sequences."""
        return Role(tuple(actions), tuple(not_actions), tuple(scopes))

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Role":
        """A role from a definition: the CLI's form (`Actions`, `NotActions`) or ARM's (`properties.permissions`).

        The additional member `scopes` limits where it is assigned. Raises ValueError when neither form is found.
        """
        scopes = tuple(document.get("scopes", ("/",)))
        if "Actions" in document:
            data = document.get("DataActions")
            excepted = tuple(document.get("NotActions", ()))
            return Role(tuple(document["Actions"]), excepted, scopes, None if data is None else tuple(data))
        inner = document.get("properties", document)
        if "permissions" in inner:
            actions = [action for entry in inner["permissions"] for action in entry.get("actions", ())]
            excepted = [action for entry in inner["permissions"] for action in entry.get("notActions", ())]
            given = [entry["dataActions"] for entry in inner["permissions"] if "dataActions" in entry]
            data = tuple(action for part in given for action in part) if given else None
            return Role(tuple(actions), tuple(excepted), scopes, data)
        raise ValueError("a role definition needs 'Actions' or 'properties.permissions'")

    @staticmethod
    def from_file(path: Path) -> "Role":
        """A role from a JSON file."""
        return Role.from_json(json.loads(path.read_text(encoding="utf-8")))

    def applies_at(self, scope: str) -> bool:
        """Whether the role is assigned at `scope` or above it."""
        return any(is_within(scope, assigned) for assigned in self.scopes)

    def allows(self, action: str, scope: str) -> bool:
        """Whether `action` may be done at `scope`."""
        if not self.applies_at(scope):
            return False
        return matches(action, self.actions) and not matches(action, self.not_actions)

    def allows_data(self, action: str, scope: str) -> bool:
        """Whether `action` of a data plane may be done at `scope`."""
        return self.data_actions is None or (self.applies_at(scope) and matches(action, self.data_actions))

    def permissions(self, scope: str) -> list[dict[str, Any]]:
        """The `value` of Permissions - List at `scope`."""
        if not self.applies_at(scope):
            return []
        entry = {"actions": list(self.actions), "notActions": list(self.not_actions)}
        return [{**entry, "dataActions": list(self.data_actions or ()), "notDataActions": []}]


def matches(action: str, patterns: Iterable[str]) -> bool:
    """Whether an action matches one of the patterns (with `*`); case does not matter."""
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
