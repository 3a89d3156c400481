"""The host's own endpoints under /admin: its status, its functions, and manual runs."""

import asyncio
import json
from typing import cast

from aiohttp import web

from emulators.functions_host.function_catalog import Function, FunctionCatalog
from emulators.functions_host.http_messages import json_response
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.timer_listener import TimerListener
from emulators.functions_host.worker_protocol import TypedData

_REASON = "This function was programmatically called via the host APIs."


class AdminApi:
    """`/admin/host/status`, `/admin/functions[/{name}]`, and `POST /admin/functions/{name}` with `{"input": …}`.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
    """

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker, timers: list[TimerListener]) -> None:
        """Timers run through their listeners, so that a manual run never overlaps a scheduled one."""
        self._catalog = catalog
        self._invoker = invoker
        self._timers = {timer.function.name: timer for timer in timers}
        self._started: set[asyncio.Task[object]] = set()

    def routes(self) -> list[web.RouteDef]:
        """The routes to serve."""
        return [
            web.get("/admin/host/status", self._status),
            web.get("/admin/functions", self._list),
            web.get("/admin/functions/{name}", self._describe),
            web.post("/admin/functions/{name}", self._run),
        ]

    async def _status(self, _request: web.Request) -> web.Response:
        return json_response({"id": "emulated-host", "state": "Running", "version": "4", "errors": []})

    async def _list(self, _request: web.Request) -> web.Response:
        return json_response([{"name": f.name, "trigger": f.kind} for f in self._catalog.functions])

    async def _describe(self, request: web.Request) -> web.Response:
        """Name, trigger and bindings of one function."""
        function = self._catalog.find(request.match_info["name"])
        if function is None:
            return web.Response(status=404)
        bindings = [
            {"type": b.kind, "name": b.name, "direction": "out" if b.is_output else "in"} for b in function.bindings
        ]
        return json_response({"name": function.name, "trigger": function.kind, "config": {"bindings": bindings}})

    async def _run(self, request: web.Request) -> web.Response:
        """202 once the function is started; its outcome is in the log only."""
        function = self._catalog.find(request.match_info["name"])
        if function is None:
            return web.Response(status=404)
        try:
            given = _given_input(await request.read())
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        timer = self._timers.get(function.name)
        if timer is not None:
            work = timer.fire(past_due=False, reason=_REASON)
        elif function.kind in ("queueTrigger", "eventGridTrigger", "activityTrigger"):
            work = self._invoker.run(function, _trigger_value(function, given), reason=_REASON)
        else:
            return web.Response(status=400, text=f"a {function.kind} cannot be run manually")
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return web.Response(status=202)


def _given_input(body: bytes) -> object:
    if not body.strip():
        return ""
    try:
        document: object = json.loads(body)
    except ValueError:
        raise ValueError('the body must be JSON: {"input": …}') from None
    return cast(dict[str, object], document).get("input", "") if isinstance(document, dict) else ""


def _trigger_value(function: Function, given: object) -> TypedData:
    text = given if isinstance(given, str) else json.dumps(given)
    return TypedData(json=text) if function.kind == "eventGridTrigger" else TypedData(string=text)
