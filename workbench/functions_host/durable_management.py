"""The durable HTTP management API under /runtime/webhooks/durabletask."""

import asyncio
import json
from collections.abc import Callable

import grpc
from aiohttp import web
from durabletask.client import OrchestrationState, OrchestrationStatus, TaskHubGrpcClient

from workbench.functions_host.http_messages import json_response

_PREFIX = "/runtime/webhooks/durabletask/instances/{instance_id}"
_RUNNING = {OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING, OrchestrationStatus.SUSPENDED}


class DurableManagement:
    """Status, events, terminate, suspend, resume and purge of one instance.

    Source: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
    """

    def __init__(self, engine_address: str) -> None:
        """Takes the engine's "host:port"."""
        # The blocking client: gRPC's asyncio API logs errors when two event loops of one process use it.
        self._client = TaskHubGrpcClient(host_address=engine_address)

    def routes(self) -> list[web.RouteDef]:
        """The routes to serve."""
        return [
            web.get(_PREFIX, self._status),
            web.delete(_PREFIX, self._purge),
            web.post(_PREFIX + "/raiseEvent/{event}", self._raise_event),
            web.post(_PREFIX + "/terminate", self._terminate),
            web.post(_PREFIX + "/suspend", self._suspend),
            web.post(_PREFIX + "/resume", self._resume),
        ]

    async def close(self) -> None:
        """Closes the connection to the engine."""
        await asyncio.to_thread(self._client.close)

    async def _status(self, request: web.Request) -> web.Response:
        state = await self._find(request)
        if state is None:
            return web.Response(status=404)
        failed_is_500 = request.query.get("returnInternalServerErrorOnFailure", "").lower() == "true"
        document = _document(state, show_input=request.query.get("showInput", "true").lower() != "false")
        if state.runtime_status in _RUNNING:
            headers = {"Location": str(request.url), "Retry-After": "10"}
            return json_response(document, 202, headers)
        failed = state.runtime_status == OrchestrationStatus.FAILED
        return json_response(document, 500 if failed and failed_is_500 else 200)

    async def _raise_event(self, request: web.Request) -> web.Response:
        try:
            data: object = json.loads(await request.read() or b"null")
        except ValueError:
            return web.Response(status=400, text="the event's body must be JSON")
        instance, event = request.match_info["instance_id"], request.match_info["event"]
        return await self._order(request, lambda: self._client.raise_orchestration_event(instance, event, data=data))

    async def _terminate(self, request: web.Request) -> web.Response:
        reason = request.query.get("reason")
        instance = request.match_info["instance_id"]
        return await self._order(request, lambda: self._client.terminate_orchestration(instance, output=reason))

    async def _suspend(self, request: web.Request) -> web.Response:
        instance = request.match_info["instance_id"]
        return await self._order(request, lambda: self._client.suspend_orchestration(instance))

    async def _resume(self, request: web.Request) -> web.Response:
        instance = request.match_info["instance_id"]
        return await self._order(request, lambda: self._client.resume_orchestration(instance))

    async def _purge(self, request: web.Request) -> web.Response:
        instance = request.match_info["instance_id"]
        result = await asyncio.to_thread(self._client.purge_orchestration, instance)
        found = result.deleted_instance_count
        return json_response({"instancesDeleted": found}) if found else web.Response(status=404)

    async def _order(self, request: web.Request, order: Callable[[], object]) -> web.Response:
        """202 for an order to a live instance, 410 for one that has ended, 404 without one."""
        state = await self._find(request)
        if state is None:
            return web.Response(status=404)
        if state.runtime_status not in _RUNNING:
            return web.Response(status=410)
        try:
            await asyncio.to_thread(order)
        except grpc.RpcError as error:
            return web.Response(status=409, text=str(error))
        return web.Response(status=202)

    async def _find(self, request: web.Request) -> OrchestrationState | None:
        return await asyncio.to_thread(self._client.get_orchestration_state, request.match_info["instance_id"])


def _document(state: OrchestrationState, *, show_input: bool) -> dict[str, object]:
    name = state.runtime_status.name.title().replace("_", "")
    failure = state.failure_details
    return {
        "name": state.name,
        "instanceId": state.instance_id,
        "runtimeStatus": name,
        "input": _decoded(state.serialized_input) if show_input else None,
        "customStatus": _decoded(state.serialized_custom_status),
        "output": failure.message if failure else _decoded(state.serialized_output),
        "createdTime": f"{state.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "lastUpdatedTime": f"{state.last_updated_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _decoded(text: str | None) -> object:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
