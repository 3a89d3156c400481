"""The Event Grid webhook: validation handshakes, and one invocation for each event, in both schemas."""

import asyncio
import json
import logging
from typing import cast

from aiohttp import web

from emulators.functions_host.function_catalog import Function, FunctionCatalog
from emulators.functions_host.http_messages import json_response
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.worker_protocol import TypedData

_log = logging.getLogger("functions_host.event_grid")
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


class EventGridWebhook:
    """`/runtime/webhooks/eventgrid?functionName=NAME`.

    Source: the Event Grid extension's webhook, and
    https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema
    """

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker) -> None:
        """Finds functions in `catalog` at each request."""
        self._catalog = catalog
        self._invoker = invoker

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """202 when every event ran, 500 when one failed (the sender repeats the delivery), 404 for no such function.

        The header aeg-event-type, which Event Grid always sends, has the kind of request: without it, 400.
        """
        name = request.query.get("functionName", "")
        function = self._catalog.find(name)
        if function is None or function.kind != "eventGridTrigger":
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            return _allow_origin(request)
        kind = request.headers.get("aeg-event-type", "").casefold()
        if kind == "unsubscribe":
            return web.Response(status=202)
        if kind not in ("notification", "subscriptionvalidation"):
            return web.Response(status=400)
        try:
            events = _read_events(await request.read())
        except ValueError as error:
            return web.Response(status=400, text=f"the body is not a list of events: {error}")
        if kind == "notification":
            return await self._run_all(function, events)
        code = _validation_code(events)
        return web.Response(status=400) if code is None else json_response({"validationResponse": code})

    async def _run_all(self, function: Function, events: list[dict[str, object]]) -> web.StreamResponse:
        outcomes = await asyncio.gather(*(self._run(function, event) for event in events))
        return web.Response(status=202 if all(outcomes) else 500)

    async def _run(self, function: Function, event: dict[str, object]) -> bool:
        value = TypedData(json=json.dumps(event))
        outcome = await self._invoker.run(function, value, reason="EventGrid trigger fired")
        return outcome.failure is None


def _read_events(body: bytes) -> list[dict[str, object]]:
    document: object = json.loads(body)
    items = cast(list[object], document) if isinstance(document, list) else [document]
    events = [cast(dict[str, object], item) for item in items if isinstance(item, dict)]
    if len(events) != len(items) or not events:
        raise ValueError("each event must be a JSON object")
    return events


def _validation_code(events: list[dict[str, object]]) -> str | None:
    """The code to return; a validation event of either schema is sent alone."""
    event = events[0]
    if _VALIDATION not in (event.get("eventType"), event.get("type")):
        return None
    data = event.get("data")
    code = cast(dict[str, object], data).get("validationCode") if isinstance(data, dict) else None
    return code if isinstance(code, str) else None


def _allow_origin(request: web.Request) -> web.Response:
    """CloudEvents' abuse protection: the receiver names the origin that it accepts."""
    origin = request.headers.get("WebHook-Request-Origin")
    if not origin:
        return web.Response(status=400, text="OPTIONS needs the header WebHook-Request-Origin")
    rate = request.headers.get("WebHook-Request-Rate", "*")
    return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate, "Allow": "POST"})
