"""Build places for tests, and roles that are assigned at some scopes only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import settings
from emulators.arm import Role
from tests.support.journey import Journey
from tests.support.requests import SUBSCRIPTION

OTHER_SUBSCRIPTION = "99999999-2222-3333-4444-555555555555"


def group_id(name: str, subscription: str = SUBSCRIPTION) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def add_place(
    reported: Journey, name: str, *, region: str = "westeurope", subscription: str = SUBSCRIPTION, rollback: str = ""
) -> dict[str, Any]:
    """Add a group with a network to the emulator, and a group for rollback snapshots; return the place in it."""
    world, group = reported.simulator.world, group_id(name, subscription)
    place = {"region": region, "resourceGroupId": group, "subnetId": world.add_network(group, region)}
    if rollback:
        world.add_group(group_id(rollback, subscription))
        place["rollbackResourceGroupId"] = group_id(rollback, subscription)
    return place


def allow_scopes(patch: pytest.MonkeyPatch, *scopes: str) -> None:
    """Let the app's settings of now allow these scopes."""
    patch.setenv("GOLDEN_ALLOWED_SCOPES", " ".join(scopes))
    settings.current.cache_clear()


@dataclass(frozen=True)
class Assigned(Role):
    """Several roles, each assigned at its own scopes: what one of them grants is granted, as on Azure."""

    roles: tuple[Role, ...] = ()

    @staticmethod
    def at(granted: Mapping[str, Iterable[str]]) -> "Assigned":
        """Return a role for each scope (an ARM id) with these actions."""
        return Assigned(roles=tuple(Role.of(actions, scopes=(scope,)) for scope, actions in granted.items()))

    def allows(self, action: str, scope: str) -> bool:
        """Whether one of the roles allows it."""
        return any(role.allows(action, scope) for role in self.roles)

    def permissions(self, scope: str) -> list[dict[str, Any]]:
        """The entries of all roles that apply at the scope."""
        return [entry for role in self.roles for entry in role.permissions(scope)]
