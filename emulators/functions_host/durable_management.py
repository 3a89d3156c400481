"""The durable HTTP management API under /runtime/webhooks/durabletask: which part answers which path."""

from urllib.parse import unquote

import grpc
from aiohttp import web

from emulators.functions_host.durable_entities import DurableEntities
from emulators.functions_host.durable_instances import DurableInstances
from emulators.functions_host.durable_starts import DurableStarts, StartRules
from emulators.functions_host.engine_connection import EngineConnection, status_code

PREFIX = "/runtime/webhooks/durabletask/"
_STATUS = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}


class DurableManagement:
    """Paths match without regard to case; a known path with another method is 404, as on Azure.

    One engine answers for every `taskHub` and `connection`.

    Source: HandleRequestAsync of the Durable Functions extension's HttpApiHandler.
    """

    def __init__(self, engine_address: str, rules: StartRules) -> None:
        """Uses the engine's "host:port"."""
        self._engine = EngineConnection(engine_address)
        self._instances = DurableInstances(self._engine)
        self._entities = DurableEntities(self._engine)
        self._starts = DurableStarts(self._engine, self._instances, rules)

    async def close(self) -> None:
        """Closes the connection to the engine."""
        await self._engine.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request; a refusal keeps the engine's message."""
        path = request.rel_url.raw_path[len(PREFIX) :].strip("/")
        parts = [unquote(part) for part in path.split("/")]
        try:
            return await self._route(request, parts) or web.Response(status=404)
        except grpc.RpcError as error:
            return web.Response(status=_STATUS.get(status_code(error), 500), text=str(error.details()))  # pyright: ignore

    async def _route(self, request: web.Request, parts: list[str]) -> web.Response | None:
        first, second, third = (*parts[1:], "", "", "")[:3]
        match parts[0].lower(), len(parts):
            case "orchestrators", 2 | 3 if request.method == "POST":
                return await self._starts.start(request, first, second)
            case "entities", 1 | 2 | 3:
                return await self._entities.handle(request, first, second)
            case "instances", 1:
                return await self._all_instances(request)
            case "instances", 2:
                return await self._one_instance(request, first)
            case "instances", 3 if request.method == "POST":
                return await self._order(request, first, second.lower())
            case "instances", 4 if request.method == "POST" and second.lower() == "raiseevent":
                return await self._instances.raise_event(request, first, third)
            case _:
                return None

    async def _all_instances(self, request: web.Request) -> web.Response | None:
        if request.method == "GET":
            return await self._instances.list_all(request)
        return await self._instances.purge_some(request) if request.method == "DELETE" else None

    async def _one_instance(self, request: web.Request, instance: str) -> web.Response | None:
        if request.method == "GET":
            return await self._instances.status(request, instance)
        return await self._instances.purge(instance) if request.method == "DELETE" else None

    async def _order(self, request: web.Request, instance: str, order: str) -> web.Response | None:
        orders = {
            "terminate": self._instances.terminate,
            "suspend": self._instances.suspend,
            "resume": self._instances.resume,
            "rewind": self._instances.rewind,
            "restart": self._starts.restart,
        }
        return await orders[order](request, instance) if order in orders else None
