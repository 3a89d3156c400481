"""The control plane under /_simulator/: inspect and control the emulator; not part of the emulated API."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from emulators.arm.authorization.roles import Role
from emulators.arm.compute.sizes.quota import quota_key
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.fleet import Fleet
from emulators.arm.governance import governance_routes
from emulators.arm.http.faults import Fault
from emulators.arm.http.identity import Identity
from emulators.arm.state.clock import RunningClock, SteppedClock

PREFIX = "/_simulator"
_STOPS = ("powerOff", "deallocate", "guestShutdown")


def vm_body(vm: Vm) -> dict[str, Any]:
    """A VM as the control plane shows it: its real state, not what Azure would return."""
    shown = {"name": vm.name, "id": vm.id, "os": vm.spec.os, "powerState": vm.power}
    shown |= {"goalState": vm.goal, "generalized": vm.generalized, "hibernated": vm.hibernated}
    shown |= {"resumed": vm.resumed, "tags": vm.tags}
    shown |= {
        "requested": vm.requested_count,
        "deprovisioned": vm.deprovisioned_count,
        "requestedByRun": vm.requested_by_run,
    }
    shown |= {"deprovisionedByRun": vm.log.by_run("deprovisioned"), "requests": vm.requests}
    return {**shown, "runCommands": sorted(vm.run_commands), "effects": [e.body() for e in vm.effects]}


class ControlPlane:
    """The routes of the control plane."""

    def __init__(self, world: Fleet, identity: Identity) -> None:
        self._world = world
        self._identity = identity

    def add_to(self, app: web.Application) -> None:
        """Register every route."""
        routes: tuple[tuple[str, str, Callable[[web.Request], Awaitable[Any]]], ...] = (
            ("GET", "/clock", self._clock),
            ("POST", "/clock/advance", self._advance),
            ("GET", "/vms", self._vms),
            ("GET", "/vms/{name}", self._vm),
            ("PUT", "/vms/{name}", self._add_vm),
            ("DELETE", "/vms/{name}", self._remove_vm),
            ("POST", "/vms/{name}/stop", self._stop),
            ("GET", "/requests", self._requests),
            ("GET", "/effects", self._effects),
            ("GET", "/resources", self._resources),
            ("PUT", "/quota", self._quota),
            ("GET", "/capacity", self._capacity),
            ("PUT", "/capacity", self._set_capacity),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._inject),
            ("DELETE", "/faults", self._clear_faults),
            ("POST", "/faults/{id}/release", self._release),
            ("GET", "/role", self._role),
            ("PUT", "/role", self._set_role),
            ("PUT", "/throttling", self._throttling),
            ("POST", "/locks", self._lock),
            ("DELETE", "/locks", self._unlock),
            ("POST", "/tokens/expire", self._expire),
        )
        for method, path, handler in (*routes, *governance_routes(self._world)):
            app.router.add_route(method, f"{PREFIX}{path}", _as_json(handler))
        app.router.add_route("*", f"{PREFIX}/{{rest:.*}}", _unknown)

    async def _clock(self, request: web.Request) -> Any:
        clock = self._world.clock
        speed = clock.speed if isinstance(clock, RunningClock) else None
        due = clock.next_due()
        shown = {"now": clock.now().isoformat(), "speed": speed, "stepped": isinstance(clock, SteppedClock)}
        return {**shown, "nextDue": None if due is None else due.isoformat()}

    async def _advance(self, request: web.Request) -> Any:
        if not isinstance(self._world.clock, SteppedClock):
            raise ValueError("only a stepped clock can be advanced; start the emulator with --stepped")
        await self._world.clock.advance(float((await request.json())["seconds"]))
        return await self._clock(request)

    async def _vms(self, request: web.Request) -> Any:
        return {"vms": [vm_body(vm) for vm in self._world.vms.values()]}

    async def _vm(self, request: web.Request) -> Any:
        return vm_body(self._world.named(request.match_info["name"]))

    async def _add_vm(self, request: web.Request) -> Any:
        spec = VmSpec.from_json({**(await request.json()), "name": request.match_info["name"]})
        return vm_body(self._world.add(spec))

    async def _remove_vm(self, request: web.Request) -> Any:
        self._world.remove(self._world.named(request.match_info["name"]))
        return {}

    async def _stop(self, request: web.Request) -> Any:
        body = await request.json()
        if body.get("how") not in _STOPS:
            raise ValueError(f"how must be one of {', '.join(_STOPS)}")
        vm = self._world.named(request.match_info["name"])
        self._world.stop_later(vm, body["how"], float(body.get("afterSeconds", 0)))
        return {}

    async def _requests(self, request: web.Request) -> Any:
        vm, after = request.query.get("vm"), int(request.query.get("after", "-1"))
        records = self._world.requests[after + 1 :]
        return {"requests": [r.body() for r in records if vm is None or (r.vm or "").lower() == vm.lower()]}

    async def _effects(self, request: web.Request) -> Any:
        vms = (*self._world.vms.values(), *self._world.former)
        found = [effect for vm in vms for effect in vm.effects]
        return {"effects": [effect.body() for effect in sorted(found, key=lambda effect: effect.at)]}

    async def _resources(self, request: web.Request) -> Any:
        world = self._world
        held = [
            {"id": r.id, "type": r.kind, "tags": r.tags, "provisioningState": r.provisioning_state, "owners": r.owners}
            for r in world.store.all()
        ]
        resource, deleted = ([trace.body() for trace in traces] for traces in (world.resource, world.deleted))
        return {"resources": held, "resource": resource, "deleted": deleted}

    async def _quota(self, request: web.Request) -> Any:
        given: dict[str, Any] = await request.json()
        self._world.quota = {quota_key(name): int(limit) for name, limit in given.items()}
        return self._world.quota

    async def _capacity(self, request: web.Request) -> Any:
        return self._world.capacity.body()

    async def _set_capacity(self, request: web.Request) -> Any:
        self._world.capacity.replace(await request.json())
        return await self._capacity(request)

    async def _list_faults(self, request: web.Request) -> Any:
        return {"faults": [injected.body() for injected in self._world.faults.all]}

    async def _inject(self, request: web.Request) -> Any:
        return self._world.faults.add(Fault.from_json(await request.json())).body()

    async def _clear_faults(self, request: web.Request) -> Any:
        self._world.faults.clear()
        return {}

    async def _release(self, request: web.Request) -> Any:
        for injected in self._world.faults.all:
            if str(injected.id) == request.match_info["id"]:
                injected.released.set()
                return injected.body()
        raise KeyError(f"there is no fault {request.match_info['id']}")

    async def _role(self, request: web.Request) -> Any:
        role = self._world.role
        return {"Actions": role.actions, "NotActions": role.not_actions, "scopes": role.scopes}

    async def _set_role(self, request: web.Request) -> Any:
        self._world.role = Role.from_json(await request.json())
        return await self._role(request)

    async def _throttling(self, request: web.Request) -> Any:
        self._world.throttle.enabled = bool((await request.json())["enabled"])
        return {"enabled": self._world.throttle.enabled}

    async def _lock(self, request: web.Request) -> Any:
        body = await request.json()
        if body.get("level") not in ("CanNotDelete", "ReadOnly"):
            raise ValueError("level must be CanNotDelete or ReadOnly")
        return self._world.locks.add(body["scope"], body["level"], body.get("name")).body()

    async def _unlock(self, request: web.Request) -> Any:
        return {"removed": self._world.locks.remove((await request.json())["scope"])}

    async def _expire(self, request: web.Request) -> Any:
        return {"expired": self._identity.expire_all()}


def _as_json(handler: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await handler(request))
        except (ValueError, TypeError, KeyError) as error:
            status = 404 if isinstance(error, KeyError) and "{name}" in str(request.match_info.route) else 400
            return web.json_response({"fault": str(error.args[0] if error.args else error)}, status=status)

    return handle


async def _unknown(request: web.Request) -> web.Response:
    return web.json_response({"fault": f"the control plane has no {request.method} {request.path}"}, status=404)
