"""The host's own endpoints under /admin: its functions, and manual runs of timers."""

import asyncio

from aiohttp import web

from emulators.functions_host.function_catalog import FunctionCatalog
from emulators.functions_host.http_messages import json_response
from emulators.functions_host.timer_listener import TimerListener

_REASON = "This function was programmatically called via the host APIs."


class AdminApi:
    """`GET /admin/functions`, and `POST /admin/functions/{name}` for a timer.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
    """

    def __init__(self, catalog: FunctionCatalog, timers: list[TimerListener]) -> None:
        """Timers run through their listeners, so that a manual run never overlaps a scheduled one."""
        self._catalog = catalog
        self._timers = {timer.function.name: timer for timer in timers}
        self._started: set[asyncio.Task[object]] = set()

    def routes(self) -> list[web.RouteDef]:
        """The routes to serve."""
        return [web.get("/admin/functions", self._list), web.post("/admin/functions/{name}", self._run)]

    async def _list(self, _request: web.Request) -> web.Response:
        return json_response([{"name": f.name, "trigger": f.kind} for f in self._catalog.functions])

    async def _run(self, request: web.Request) -> web.Response:
        """202 once the function is started; its outcome is in the log only."""
        function = self._catalog.find(request.match_info["name"])
        if function is None:
            return web.Response(status=404)
        timer = self._timers.get(function.name)
        if timer is None:
            return web.Response(status=400, text=f"this host runs only timers manually, not a {function.kind}")
        task: asyncio.Task[object] = asyncio.create_task(timer.fire(past_due=False, reason=_REASON))
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return web.Response(status=202)
