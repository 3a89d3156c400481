"""The part of the control plane that sets what governs resources: deny assignments and management groups."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from emulators.arm.authorization.deny_assignments import DenyAssignment
from emulators.arm.fleet import Fleet

type Handler = Callable[[web.Request], Awaitable[Any]]


def governance_routes(world: Fleet) -> tuple[tuple[str, str, Handler], ...]:
    """The routes: method, path below /_simulator, handler."""
    denied = _DenyRoutes(world)
    return (
        ("GET", "/denyAssignments", denied.listed),
        ("POST", "/denyAssignments", denied.add),
        ("DELETE", "/denyAssignments", denied.remove),
        ("PUT", "/managementGroups", denied.set_groups),
    )


class _DenyRoutes:
    def __init__(self, world: Fleet) -> None:
        self._world = world

    async def listed(self, request: web.Request) -> Any:
        return {"denyAssignments": [held.body() for held in self._world.deny_assignments.all]}

    async def add(self, request: web.Request) -> Any:
        return self._world.deny_assignments.add(DenyAssignment.from_json(await request.json())).body()

    async def remove(self, request: web.Request) -> Any:
        return {"removed": self._world.deny_assignments.remove((await request.json())["scope"])}

    async def set_groups(self, request: web.Request) -> Any:
        given: dict[str, list[str]] = await request.json()
        self._world.management_groups.clear()
        self._world.management_groups.update({name.lower(): frozenset(held) for name, held in given.items()})
        return given
