"""The durable HTTP management API under /runtime/webhooks/durabletask: which part answers which path."""

from collections.abc import Awaitable
from urllib.parse import unquote

import grpc
from aiohttp import web

from emulators.functions_host.durable_instances import DurableInstances
from emulators.functions_host.durable_starts import DurableStarts
from emulators.functions_host.engine_connection import EngineConnection, status_code

PREFIX = "/runtime/webhooks/durabletask/"
_STATUS = {grpc.StatusCode.INVALID_ARGUMENT: 400}
_PARAMETERS = frozenset(("code", "connection", "reason", "taskHub", "version"))


class DurableManagement:
    """Starts, and reads and controls one instance; everything else of the API is 501.

    Paths match without regard to case. One engine answers for every `taskHub` and `connection`.

    Source: HandleRequestAsync of the Durable Functions extension's HttpApiHandler.
    """

    def __init__(self, engine_address: str, hub_name: str) -> None:
        """Uses the engine's "host:port"; the hub's name is in the addresses that a start returns."""
        self._engine = EngineConnection(engine_address)
        self._instances = DurableInstances(self._engine)
        self._starts = DurableStarts(self._engine, hub_name)

    async def close(self) -> None:
        """Closes the connection to the engine."""
        await self._engine.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request; a refusal keeps the engine's message."""
        path = request.rel_url.raw_path[len(PREFIX) :].strip("/")
        parts = [unquote(part) for part in path.split("/")]
        work = self._answer(request, parts) if _PARAMETERS.issuperset(request.query) else None
        if work is None:
            known = "POST orchestrators/NAME[/ID]; GET and DELETE instances/ID; POST instances/ID/raiseEvent/NAME"
            words = f"this host has only {known}, /terminate, /suspend and /resume; the engine extension has the rest"
            return web.Response(status=501, text=f"{words} (parameters: {', '.join(sorted(_PARAMETERS))})")
        try:
            return await work
        except grpc.RpcError as error:
            return web.Response(status=_STATUS.get(status_code(error), 500), text=str(error.details()))  # pyright: ignore

    def _answer(self, request: web.Request, parts: list[str]) -> Awaitable[web.Response] | None:
        folded = [part.lower() for part in parts]
        controls = {
            "terminate": self._instances.terminate,
            "suspend": self._instances.suspend,
            "resume": self._instances.resume,
        }
        match request.method, folded:
            case "POST", ["orchestrators", _]:
                return self._starts.start(request, parts[1], "")
            case "POST", ["orchestrators", _, _]:
                return self._starts.start(request, parts[1], parts[2])
            case "GET", ["instances", _]:
                return self._instances.status(request, parts[1])
            case "DELETE", ["instances", _]:
                return self._instances.purge(parts[1])
            case "POST", ["instances", _, "raiseevent", _]:
                return self._instances.raise_event(request, parts[1], parts[3])
            case "POST", ["instances", _, control] if control in controls:
                return controls[control](request, parts[1])
            case _:
                return None
