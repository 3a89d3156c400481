"""Reads the deny assignments at a scope."""

from typing import cast

from azure_clients.errors import ArmRefused
from azure_clients.resources import properties_of
from azure_clients.rest import Json, list_pages
from contracts.activities.governance import DenyAssignment, Party
from contracts.facts import Permission

_QUERY = "api-version=2022-04-01&$filter=atScope()"


async def read_deny_assignments(scope: str) -> tuple[DenyAssignment, ...] | None:
    """Read the deny assignments at a scope and above it (1 request); None: not readable."""
    try:
        found = await list_pages(f"{scope}/providers/Microsoft.Authorization/denyAssignments", _QUERY)
    except ArmRefused:
        return None
    return tuple(_assignment(entry, scope) for entry in found)


def _parties(properties: Json, name: str) -> tuple[Party, ...]:
    listed = cast("list[Json]", properties.get(name) or [])
    return tuple(Party(id=str(entry.get("id") or ""), type=str(entry.get("type") or "")) for entry in listed)


def _assignment(entry: Json, scope: str) -> DenyAssignment:
    properties = properties_of(entry)
    listed = cast("list[Json]", properties.get("permissions") or [])
    return DenyAssignment(
        id=str(entry.get("id", ""))[:300],
        name=str(properties.get("denyAssignmentName") or entry.get("name") or "")[:200],
        scope=str(properties.get("scope") or scope),
        below=not properties.get("doNotApplyToChildScopes"),
        denied=tuple(
            Permission(actions=tuple(one.get("actions") or ()), not_actions=tuple(one.get("notActions") or ()))
            for one in listed
        ),
        principals=_parties(properties, "principals"),
        excluded=_parties(properties, "excludePrincipals"),
    )
