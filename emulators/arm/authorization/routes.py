"""Permissions and management locks of any scope."""

from emulators.arm.errors import unknown_path
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


ROUTES = (
    Route(
        "GET", f"{{+scope}}{_PROVIDER}/permissions", "permissions.list",
        "Microsoft.Authorization/permissions/read", permissions,
    ),
    Route(
        "GET", f"{{+scope}}{_PROVIDER}/locks", "locks.list",
        "Microsoft.Authorization/locks/read", locks, queries=("$filter",), filter="atScope()",
    ),
)  # fmt: skip
