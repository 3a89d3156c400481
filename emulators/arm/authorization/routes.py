"""Permissions, management locks and deny assignments of any scope."""

from emulators.arm.authorization.deny_assignments import KIND
from emulators.arm.errors import resource_not_found, unknown_path
from emulators.arm.http.api import Answer, Call, Route

_PROVIDER = "/providers/Microsoft.Authorization"


def _require_scope(call: Call) -> str:
    scope = call.names["scope"]
    parts = scope.split("/")
    world = call.world
    if len(parts) < 3 or parts[1].lower() != "subscriptions":
        raise unknown_path(call.path)
    if len(parts) == 3:
        world.require_subscription(parts[2])
    elif len(parts) == 5 and parts[3].lower() == "resourcegroups":
        world.require_group(parts[2], parts[4])
    elif len(parts) == 9 and "/".join(parts[5:8]).lower() == "providers/microsoft.compute/virtualmachines":
        world.vm_at(parts[2], parts[4], parts[8])
    elif len(parts) >= 9 and len(parts) % 2 == 1 and parts[5].lower() == "providers":
        world.require_group(parts[2], parts[4])
        world.store.require(scope)
    else:
        raise unknown_path(call.path)
    return scope


async def permissions(call: Call) -> Answer:
    """The role's permissions at the scope."""
    return Answer(200, {"value": call.world.role.permissions(_require_scope(call))})


async def locks(call: Call) -> Answer:
    """Locks of the scope: its own, inherited ones and (without `atScope()`) those of child scopes."""
    scope, at_scope = _require_scope(call), "$filter" in call.query
    return Answer(200, {"value": [lock.body() for lock in call.world.locks.listed_at(scope, at_scope)]})


async def deny_assignments(call: Call) -> Answer:
    """Deny assignments of the scope: its own, inherited ones and (without `atScope()`) those of child scopes."""
    scope, at_scope = _require_scope(call), "$filter" in call.query
    return Answer(200, {"value": [held.body() for held in call.world.deny_assignments.listed_at(scope, at_scope)]})


async def deny_assignment(call: Call) -> Answer:
    """One deny assignment that applies at the scope, by its id."""
    scope, wanted = _require_scope(call), call.names["assignment"]
    for held in call.world.deny_assignments.listed_at(scope, True):
        if held.id.lower() == wanted.lower():
            return Answer(200, held.body())
    raise resource_not_found(f"{KIND}/{wanted}", scope.rsplit("/", 1)[-1])


_DENIED = f"{{+scope}}/providers/{KIND}"
ROUTES = (
    Route(
        "GET", f"{{+scope}}{_PROVIDER}/permissions", "permissions.list",
        "Microsoft.Authorization/permissions/read", permissions,
    ),
    Route(
        "GET", f"{{+scope}}{_PROVIDER}/locks", "locks.list",
        "Microsoft.Authorization/locks/read", locks, queries=("$filter",), filter="atScope()",
    ),
    Route(
        "GET", _DENIED, "denyAssignments.list", f"{KIND}/read", deny_assignments,
        queries=("$filter",), filter="atScope()",
    ),
    Route("GET", f"{_DENIED}/{{assignment}}", "denyAssignments.get", f"{KIND}/read", deny_assignment),
)  # fmt: skip
