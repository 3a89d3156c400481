"""The HTTPS endpoint of the emulator: faults, headers and the request log around each exchange."""

import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from emulators.arm.errors import ArmError
from emulators.arm.http.api import Answer, Route
from emulators.arm.http.dispatch import Dispatcher, Exchange
from emulators.arm.http.fault_effects import after_work, before_work
from emulators.arm.http.identity import Identity
from emulators.arm.http.request_log import RequestRecord, logged
from emulators.arm.state.world import World


class ArmServer:
    """Answers as Azure Resource Manager."""

    def __init__(self, world: World, identity: Identity, routes: Sequence[Route]) -> None:
        self._world = world
        self._dispatcher = Dispatcher(world, identity, routes)

    def listen_at(self, endpoint: str) -> None:
        """`endpoint` is its own URL, which is part of every operation URL."""
        self._dispatcher.endpoint = endpoint

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request to the emulated API, always logged."""
        exchange = Exchange.of(request, await request.read())
        at, number = self._world.clock.now(), len(self._world.requests)

        def record(status: int, code: str) -> RequestRecord:
            return self._record(exchange, number, at, status, code)

        return await logged(self._world.requests, request, record, lambda: self._respond(exchange))

    async def _respond(self, exchange: Exchange) -> tuple[web.Response, str]:
        try:
            answer = await self._answer(exchange)
        except ArmError as error:
            answer = Answer(error.status, error.body() if error.code else None, error.all_headers())
            return self._response(exchange, answer), error.code
        return self._response(exchange, answer), ""

    async def _answer(self, exchange: Exchange) -> Answer:
        route, names = self._dispatcher.find(exchange)
        self._world.count_request(names)
        faults = self._world.faults.meet(exchange.method, exchange.path, route.name, exchange.vm)
        exchange.faults = faults
        await before_work(self._world.clock, faults)
        answer = await self._dispatcher.answer(exchange, route, names)
        await after_work(faults)
        return answer

    def _response(self, exchange: Exchange, answer: Answer) -> web.Response:
        now = self._world.clock.now()
        headers = {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "x-ms-request-id": str(uuid.uuid4()),
            "x-ms-correlation-request-id": exchange.correlation_id,
            "x-ms-routing-request-id": f"WESTEUROPE:{now:%Y%m%dT%H%M%SZ}:{exchange.correlation_id}",
            _remaining(exchange.method): "11999" if exchange.method == "GET" else "1199",
            **exchange.out,
            **answer.headers,
        }
        if exchange.headers.get("x-ms-return-client-request-id", "").lower() == "true":
            headers["x-ms-client-request-id"] = exchange.headers.get("x-ms-client-request-id", "")
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        body: dict[str, Any] = dict(answer.body)
        return web.json_response(body, status=answer.status, headers=headers)

    def _record(self, exchange: Exchange, number: int, at: Any, status: int, code: str) -> RequestRecord:
        return RequestRecord(
            number=number,
            at=at,
            method=exchange.method,
            path=exchange.path,
            operation=exchange.operation,
            action=exchange.action,
            vm=exchange.vm,
            status=status,
            code=code,
            client_request_id=exchange.headers.get("x-ms-client-request-id", ""),
            correlation_id=exchange.correlation_id,
            faults=tuple(injected.fault.kind for injected in exchange.faults),
        )


def _remaining(method: str) -> str:
    kind = {"GET": "reads", "DELETE": "deletes"}.get(method, "writes")
    return f"x-ms-ratelimit-remaining-subscription-{kind}"
