"""The server through which the Durable extension calls the app's durable functions."""

import asyncio
from typing import Any

from aiohttp import web

from emulators.functions_host.function_catalog import FunctionCatalog
from emulators.functions_host.invoker import Invoker, Outcome
from emulators.functions_host.worker_protocol import TypedData

_DURABLE = ("orchestrationTrigger", "activityTrigger", "entityTrigger")
# A trigger's value is a complete history: as long as the extension can send.
_MAX_BODY = 1 << 30


class ExtensionCallbacks:
    """`POST /invoke/NAME` on 127.0.0.1, with the trigger's text as its body.

    Calls may arrive before the extension reports that it is ready; they wait for `open`, because a function may need
    the client binding in the extension's ready line.
    """

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker) -> None:
        """Serves nothing until `start`."""
        self._catalog = catalog
        self._invoker = invoker
        self._opened = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def durable_functions(self) -> list[dict[str, Any]]:
        """The functions in the extension's form: name, type, and the trigger's binding.

        None if the app has no durable function of its own: such an instance has only clients, and receives no work.
        """
        found = [
            {"name": function.name, "type": function.kind, "binding": dict(function.trigger.attributes)}
            for function in self._catalog.functions
            if function.trigger is not None and function.kind in _DURABLE
        ]
        return found if any(not str(each["name"]).startswith("BuiltIn__") for each in found) else []

    async def start(self) -> str:
        """Listens on a free port; returns the address."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_post("/invoke/{name}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def open(self) -> None:
        """Accepts calls."""
        self._opened.set()

    async def stop(self) -> None:
        """Closes every connection; to the extension an unanswered call means that the worker ended."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        function = self._catalog.find(request.match_info["name"])
        text = await request.text()
        await self._opened.wait()
        if function is None:
            return web.json_response({"message": f"no function {request.match_info['name']}"}, status=500)
        given = TypedData(string=text) if text else TypedData()
        outcome = await self._invoker.run(function, given, reason="(null)", waited_for=False)
        if outcome.worker_exited and request.transport is not None:
            # Without an answer the extension knows that the worker's process ended.
            request.transport.abort()
        return _response(outcome)


def _response(outcome: Outcome) -> web.Response:
    if outcome.failure is not None:
        about = {"message": outcome.failure.message, "stackTrace": outcome.failure.stack_trace}
        return web.json_response(about, status=500)
    value = outcome.value or TypedData()
    if value.json is not None:
        return web.Response(text=value.json, content_type="application/json")
    if value.string is not None:
        return web.Response(text=value.string, content_type="text/plain")
    return web.Response(status=204)
