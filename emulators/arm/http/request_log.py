"""The request log: caller, request, time and status; no tokens and no bodies."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from emulators.arm.http.fault_effects import Cut


@dataclass(frozen=True)
class RequestRecord:
    """One request to the emulated API. `status` 0 means that no response was sent."""

    number: int
    at: datetime
    method: str
    path: str
    operation: str
    action: str
    vm: str | None
    status: int
    code: str
    client_request_id: str
    correlation_id: str
    faults: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The record as JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "faults": list(self.faults)}


async def logged(
    requests: list[RequestRecord],
    request: web.Request,
    record: Callable[[int, str], RequestRecord],
    respond: Callable[[], Awaitable[tuple[web.Response, str]]],
) -> web.StreamResponse:
    """The response, or a closed connection; `record` of its status and code replaces the one of status 0."""
    number, status, code = len(requests), 0, ""
    requests.append(record(status, code))
    try:
        response, code = await respond()
        status = response.status
        return response
    except Cut:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    finally:
        requests[number] = record(status, code)
