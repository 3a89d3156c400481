"""A web extension of the worker library on aiohttp, in the place of azurefunctions-extensions-http-fastapi."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from azurefunctions.extensions import base  # pyright: ignore[reportMissingTypeStubs]


class _Synchronizer(base.RequestSynchronizer):
    def sync_route_params(self, request: web.Request, path_params: dict[str, str]) -> None:
        request["route_params"] = path_params


class RequestTracker(metaclass=base.RequestTrackerMeta):
    request_type = web.Request
    synchronizer = _Synchronizer()


class ResponseTracker(metaclass=base.ResponseTrackerMeta):
    label = base.ResponseLabels.STREAMING
    response_type = web.Response


class WebApp(base.WebApp):
    def __init__(self) -> None:
        self._app = web.Application()

    def route(self, func: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._app.router.add_route("*", "/{path:.*}", func)

    def get_app(self) -> web.Application:
        return self._app


class WebServer(base.WebServer):
    def __init__(self, hostname: str, port: int, web_app: WebApp) -> None:
        self._hostname, self._port, self._app = hostname, port, web_app.get_app()

    async def serve(self) -> None:
        runner = web.AppRunner(self._app)
        await runner.setup()
        await web.TCPSite(runner, self._hostname, self._port).start()
        try:
            # The library keeps no reference to this task: only a timer of the loop keeps it alive.
            while True:  # noqa: ASYNC110
                await asyncio.sleep(3600)
        finally:
            await runner.cleanup()
