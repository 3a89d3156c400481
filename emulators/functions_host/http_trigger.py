"""The HTTP trigger: finds the function for a request's path and method, and answers with what it returns."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from emulators.functions_host.function_catalog import Function
from emulators.functions_host.http_messages import build_response, read_request
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.route_template import RouteTemplate, compile_route


@dataclass(frozen=True)
class HttpRoute:
    """A function with its route and methods; no methods means all."""

    function: Function
    template: RouteTemplate
    methods: tuple[str, ...]

    @property
    def path(self) -> str:
        """The template as listed at start, "/api/orders/{id}"."""
        return f"/{self.template.text}"


def read_routes(functions: Iterable[Function], prefix: str) -> tuple[HttpRoute, ...]:
    """The routes of HTTP-triggered functions, in the order in which they are tried.

    Raises:
        ConfigurationError: a route has more than literals and plain parameters.
    """
    return tuple(sorted((_route(f, prefix) for f in functions), key=lambda route: route.template.precedence))


class HttpTrigger:
    """Answers requests to the app's own routes.

    Keys are not checked, as in Core Tools; `code` and `x-functions-key` reach the function like anything else. A
    known route with another method is 404, not 405: in the Functions host methods are part of the route's match.
    """

    def __init__(self, routes: tuple[HttpRoute, ...], invoker: Invoker) -> None:
        """Uses routes in the order in which they are tried."""
        self._routes = routes
        self._invoker = invoker

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Runs the function: 404 without a route, 500 without a body when it fails."""
        for route in self._routes:
            if route.methods and request.method not in route.methods:
                continue
            values = route.template.match(request.rel_url.raw_path)
            if values is not None:
                return await self._run(route.function, request, values)
        return web.Response(status=404)

    async def _run(self, function: Function, request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        outcome = await self._invoker.run(
            function,
            await read_request(request, values),
            reason="This function was programmatically called via the host APIs.",
            trace_parent=request.headers.get("traceparent", ""),
        )
        if outcome.failure is not None:
            return web.Response(status=500)
        return build_response(outcome.value)


def _route(function: Function, prefix: str) -> HttpRoute:
    trigger = function.trigger
    assert trigger is not None
    text = (trigger.text("route") or function.name).strip("/")
    full = f"{prefix}/{text}" if prefix else text
    return HttpRoute(function, compile_route(full), tuple(m.upper() for m in trigger.texts("methods")))
