"""Checks a request in ARM's order, calls its handler, and returns the answer with ARM's headers."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from emulators.arm.errors import (
    ArmError,
    authorization_failed,
    deny_assignment_failed,
    invalid_parameter,
    method_not_allowed,
    missing_api_version,
    unknown_path,
    unknown_resource_type,
)
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.faults import Injected
from emulators.arm.http.identity import CLIENT_ID, OBJECT_ID, Identity
from emulators.arm.http.operations import polling_url
from emulators.arm.http.schemas import NO_BODY, parse
from emulators.arm.state.durations import RETRY_AFTER
from emulators.arm.state.world import World


@dataclass
class Exchange:
    """The state of one request while it is processed."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    raw_path: str
    body: bytes
    correlation_id: str
    operation: str = "unknown"
    action: str = ""
    vm: str | None = None
    faults: list[Injected] = field(default_factory=list[Injected])
    out: dict[str, str] = field(default_factory=dict[str, str])

    @staticmethod
    def of(request: web.Request, body: bytes) -> "Exchange":
        """The exchange of an HTTP request."""
        given = request.headers.get("x-ms-correlation-request-id")
        query = {name.lower(): value for name, value in request.query.items()}
        path = unquote(request.rel_url.raw_path)
        return Exchange(
            request.method, path, query, request.headers, request.raw_path, body, given or str(uuid.uuid4())
        )


_VM_SCOPE = re.compile(r".*/providers/microsoft\.compute/virtualmachines/([^/]+)", re.IGNORECASE)


def _vm_named(scope: str) -> str | None:
    """The name of the VM in a scope of permissions or locks, if the scope is a VM."""
    found = _VM_SCOPE.fullmatch(scope)
    return found[1] if found else None


class Dispatcher:
    """ARM's own checks, then the resource provider."""

    def __init__(self, world: World, identity: Identity, routes: Sequence[Route]) -> None:
        self._world = world
        self._routes = routes
        self._identity = identity
        self.endpoint = ""

    def find(self, exchange: Exchange) -> tuple[Route, dict[str, str]]:
        """The route, and the names in the path. Raises ARM's error for an unknown path or method."""
        methods: set[str] = set()
        for route in self._routes:
            if (match := route.regex.match(exchange.path)) is None:
                continue
            methods.add(route.method)
            if route.method == exchange.method:
                exchange.operation, exchange.action = route.name, route.action
                names = match.groupdict()
                exchange.vm = names.get("vm") or _vm_named(names.get("scope", ""))
                return route, names
        self._identity.check(exchange.headers)
        if methods:
            raise method_not_allowed(exchange.method)
        raise _unknown(exchange)

    async def answer(self, exchange: Exchange, route: Route, names: dict[str, str]) -> Answer:
        """Check the request, then call its handler. Raises ArmError."""
        world = self._world
        if not route.open:
            self._identity.check(exchange.headers)
        if not exchange.query.get("api-version"):
            raise missing_api_version()
        self._check_rights(exchange, route, names)
        world.locks.check(route.method, exchange.path.rstrip("/"))
        if route.policy:
            self._throttle(exchange, route, names)
        self._check_query(exchange, route)
        body = {} if route.method in ("GET", "DELETE") else parse(exchange.body, route.body or NO_BODY)
        body = world.policies.check(route.method, exchange.path.rstrip("/"), body, _has_tags(route))
        call = self._call(exchange, names, body)
        return self._follow(await route.handler(call), call)

    def _check_rights(self, exchange: Exchange, route: Route, names: dict[str, str]) -> None:
        if not route.action:
            return
        scope, role = names.get("scope") or exchange.path.rstrip("/"), self._world.role
        if route.filtered and any(
            role.allows(route.action, held) for held in (*self._world.vms, *self._world.store.ids())
        ):
            return
        if not role.allows(route.action, scope):
            raise authorization_failed(CLIENT_ID, OBJECT_ID, route.action, scope)
        if (held := self._world.deny_assignments.blocking(route.action, scope)) is not None:
            denied = held.name, held.id, held.scope
            raise deny_assignment_failed(CLIENT_ID, OBJECT_ID, route.action, scope, denied)

    def _throttle(self, exchange: Exchange, route: Route, names: dict[str, str]) -> None:
        subscription, vm_id = names["subscription"], None
        if "vm" in names:
            vm_id = f"{subscription}/{names['group']}/{names['vm']}"
        elif route.policy == "GetOperation":
            found = self._world.platform.operations.find(names["operation"])
            if found is not None and "/virtualmachines/" in found.vm_id.lower():
                vm_id = "/".join(found.vm_id.split("/")[index] for index in (2, 4, 8))
        left = self._world.throttle.admit(route.policy, subscription, vm_id)
        exchange.out["x-ms-ratelimit-remaining-resource"] = left

    def _check_query(self, exchange: Exchange, route: Route) -> None:
        for name in exchange.query:
            if name != "api-version" and name not in route.queries:
                raise invalid_parameter(name, f"The query parameter '{name}' is not known to {route.name}.")
        if "$filter" in exchange.query and route.filter not in ("*", exchange.query["$filter"]):
            raise invalid_parameter("$filter", "The emulator does not evaluate $filter.")

    def _call(self, exchange: Exchange, names: dict[str, str], body: dict[str, Any]) -> Call:
        fates = [fate for injected in exchange.faults if (fate := injected.fault.fate()) is not None]
        return Call(
            world=self._world,
            endpoint=self.endpoint,
            path=exchange.path,
            raw_path=exchange.raw_path,
            names=names,
            query=exchange.query,
            api_version=exchange.query["api-version"],
            body=body,
            fate=fates[0] if fates else None,
            fault_kinds=frozenset(injected.fault.kind for injected in exchange.faults),
        )

    def _follow(self, answer: Answer, call: Call) -> Answer:
        """Add the URLs by which a client polls the operation that started."""
        if (operation := answer.operation) is None:
            return answer

        def url(monitor: bool) -> str:
            return polling_url(self._world.signer, self.endpoint, operation, call.api_version, monitor)

        headers = {**answer.headers, **self._world.clock.retry_headers(RETRY_AFTER)}
        headers |= {"Azure-AsyncOperation": url(False)}
        if answer.with_location:
            headers["Location"] = url(True)
        headers["x-ms-request-id"] = operation.id
        return Answer(answer.status, answer.body, headers)


def _has_tags(route: Route) -> bool:
    return route.body is not None and "tags" in route.body.members


def _unknown(exchange: Exchange) -> ArmError:
    parts = exchange.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return unknown_path(exchange.path)
    at = lowered.index("providers")
    namespace = parts[at + 1] if len(parts) > at + 1 else ""
    kind = "/".join(parts[at + 2 :: 2])
    return unknown_resource_type(namespace, kind, exchange.query.get("api-version", ""))
