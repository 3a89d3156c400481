"""The part of the control plane that sets what governs resources: policies, deny assignments, management groups."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from emulators.arm.authorization.deny_assignments import DenyAssignment
from emulators.arm.fleet import Fleet
from emulators.arm.policies.assignments import PolicyAssignment

type Handler = Callable[[web.Request], Awaitable[Any]]


def governance_routes(world: Fleet) -> tuple[tuple[str, str, Handler], ...]:
    """The routes: method, path below /_simulator, handler."""
    denied, policies = _DenyRoutes(world), _PolicyRoutes(world)
    return (
        ("GET", "/policies", policies.listed),
        ("POST", "/policies", policies.add),
        ("DELETE", "/policies", policies.remove),
        ("POST", "/policies/evaluate", policies.evaluate),
        ("PUT", "/groupTags", policies.tag_group),
        ("GET", "/closedRegions", policies.closed),
        ("POST", "/closedRegions", policies.close),
        ("DELETE", "/closedRegions", policies.open),
        ("GET", "/denyAssignments", denied.listed),
        ("POST", "/denyAssignments", denied.add),
        ("DELETE", "/denyAssignments", denied.remove),
        ("PUT", "/managementGroups", denied.set_groups),
    )


class _PolicyRoutes:
    def __init__(self, world: Fleet) -> None:
        self._world = world

    async def listed(self, request: web.Request) -> Any:
        return {"policies": [_shown(held) for held in self._world.policies.all]}

    async def add(self, request: web.Request) -> Any:
        return _shown(self._world.policies.add(PolicyAssignment.from_json(await request.json())))

    async def remove(self, request: web.Request) -> Any:
        return {"removed": self._world.policies.remove((await request.json())["name"])}

    async def evaluate(self, request: web.Request) -> Any:
        for vm in list(self._world.vms.values()):
            self._world.policies.evaluate(vm)
        return {}

    async def tag_group(self, request: web.Request) -> Any:
        body = await request.json()
        self._world.add_group(body["id"], body["tags"])
        return body

    async def closed(self, request: web.Request) -> Any:
        return {"closedRegions": self._world.policies.closed_regions}

    async def close(self, request: web.Request) -> Any:
        self._world.policies.close_region(**(await request.json()))
        return await self.closed(request)

    async def open(self, request: web.Request) -> Any:
        self._world.policies.open_region(**(await request.json()))
        return await self.closed(request)


def _shown(held: PolicyAssignment) -> dict[str, str]:
    return {"id": held.id, "name": held.name, "scope": held.scope, "effect": held.effect}


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
