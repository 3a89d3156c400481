"""Reads the deny assignments at every scope that a run works in."""

import asyncio

from azure_clients.deny_assignments import read_deny_assignments
from azure_clients.own_identity import own_object_id
from contracts.activities.governance import DenyAssignmentsAt, DenyAssignmentsInspected, InspectDenyAssignments
from policy.deny_assignments import may_apply


async def inspect_deny_assignments(request: InspectDenyAssignments) -> DenyAssignmentsInspected:
    """Read them (1 request for each scope); those that cannot apply to the app's identity are left out.

    Only which actions are denied goes on to the orchestration, not for whom: a list of principals may be long.
    """
    own_id = await own_object_id()
    places = await asyncio.gather(*(_read(scope, own_id) for scope in request.scopes))
    return DenyAssignmentsInspected(places=tuple(places))


async def _read(scope: str, own_id: str | None) -> DenyAssignmentsAt:
    found = await read_deny_assignments(scope)
    if found is None:
        return DenyAssignmentsAt(scope=scope)
    nobody = {"principals": (), "excluded": ()}
    applying = (one.model_copy(update=nobody) for one in found if may_apply(one, own_id))
    return DenyAssignmentsAt(scope=scope, found=tuple(applying))
