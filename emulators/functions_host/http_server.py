"""The host's HTTP server: the app's routes, webhooks, the management API and /admin on one port."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from emulators.functions_host.admin_api import AdminApi
from emulators.functions_host.durable_management import PREFIX, DurableManagement
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.event_grid import EventGridWebhook
from emulators.functions_host.extension_webhooks import ExtensionWebhooks
from emulators.functions_host.http_trigger import HttpTrigger

_log = logging.getLogger("functions_host.http")
# The Functions host's own limit.
_MAX_BODY = 210 * 1024 * 1024


class HttpServer:
    """Serves on 127.0.0.1."""

    def __init__(self) -> None:
        """Serves nothing until `start`."""
        self._runner: web.AppRunner | None = None

    async def start(
        self,
        port: int,
        *,
        functions: HttpTrigger,
        event_grid: EventGridWebhook,
        admin: AdminApi,
        durable: DurableManagement | ExtensionWebhooks,
    ) -> str:
        """Listens on `port` (0 takes a free one); returns the address as "http://127.0.0.1:PORT".

        Raises:
            ConfigurationError: the port is taken.
        """
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[_answer_every_error])
        app.add_routes(admin.routes())
        app.router.add_route("*", PREFIX + "{path:.*}", durable.handle)
        app.router.add_route("POST", "/runtime/webhooks/eventgrid", event_grid.handle)
        app.router.add_route("OPTIONS", "/runtime/webhooks/eventgrid", event_grid.handle)
        app.router.add_route("*", "/{path:.*}", functions.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        except OSError as error:
            raise ConfigurationError(f"port {port} cannot be used ({error.strerror}): choose another") from error
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop_listening(self) -> None:
        """Accepts no new connections; requests in progress continue."""
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()

    async def stop(self) -> None:
        """Closes every connection."""
        if self._runner is not None:
            await self._runner.cleanup()


@web.middleware
async def _answer_every_error(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An error of the host itself is 500 without a body, and is logged."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        _log.exception("%s %s failed in the host", request.method, request.path)
        return web.Response(status=500)
