"""Entities in the durable HTTP API: state of one, list, signal."""

import json
import uuid

from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.functions_host.durable_query import entities_query, next_page
from emulators.functions_host.durable_status import decoded
from emulators.functions_host.engine_connection import EngineConnection
from emulators.functions_host.http_messages import json_response

# Stands in a path for the key that is an empty string.
_EMPTY_KEY = "$"


class DurableEntities:
    """`/entities[/{name}[/{key}]]`.

    Source: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#signal-entity
    """

    def __init__(self, engine: EngineConnection) -> None:
        """Reads and signals through `engine`."""
        self._engine = engine

    async def handle(self, request: web.Request, name: str, key: str) -> web.Response:
        """GET reads, POST signals the operation `op`, DELETE signals "delete"; another method is 404."""
        if request.method == "GET":
            return await (self._state(name, key) if key else self._list(request, name))
        if request.method == "POST" and name:
            return await self._signal(request, name, key, request.query.get("op", ""))
        if request.method == "DELETE" and name:
            return await self._signal(request, name, key, "delete")
        return web.Response(status=404)

    async def _state(self, name: str, key: str) -> web.Response:
        """The entity's state; 404 for one that has none."""
        answer: pb.GetEntityResponse = await self._engine.call(
            "GetEntity", pb.GetEntityRequest(instanceId=_entity_id(name, key), includeState=True)
        )
        if not answer.exists or not answer.entity.serializedState.value:
            return web.Response(status=404)
        return json_response(decoded(answer.entity.serializedState.value))

    async def _list(self, request: web.Request, name: str) -> web.Response:
        query = pb.QueryEntitiesRequest(query=entities_query(request, name))
        answer: pb.QueryEntitiesResponse = await self._engine.call("QueryEntities", query)
        return json_response([_entity(item) for item in answer.entities], headers=next_page(answer))

    async def _signal(self, request: web.Request, name: str, key: str, operation: str) -> web.Response:
        """202 once the engine has the signal; a body without the JSON content type is a string.

        400 for an empty key: the Python worker refuses it, and the signal would be delivered again forever.
        """
        if key in ("", _EMPTY_KEY):
            return web.Response(status=400, text="an entity written in Python needs a key: entities/NAME/KEY")
        signal = pb.SignalEntityRequest(instanceId=_entity_id(name, key), name=operation, requestId=str(uuid.uuid4()))
        body = await request.text()
        if body and request.content_type == "application/json":
            try:
                json.loads(body)
            except ValueError as error:
                return web.Response(status=400, text=f"Could not parse JSON content: {error}")
            signal.input.value = body
        elif body:
            signal.input.value = json.dumps(body)
        await self._engine.call("SignalEntity", signal)
        return web.Response(status=202)


def _entity_id(name: str, key: str) -> str:
    return f"@{name.lower()}@{'' if key == _EMPTY_KEY else key}"


def _entity(item: pb.EntityMetadata) -> dict[str, object]:
    name, _, key = item.instanceId.removeprefix("@").partition("@")
    found: dict[str, object] = {
        "entityId": {"name": name, "key": key},
        "lastOperationTime": f"{item.lastModifiedTime.ToDatetime():%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return {**found, "state": decoded(item.serializedState.value)} if item.serializedState.value else found
