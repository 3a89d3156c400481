"""Starting orchestrations through the durable HTTP API."""

import json
import uuid
from urllib.parse import quote

import grpc
from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.engine_connection import EngineConnection, status_code
from emulators.functions_host.http_messages import json_response, message_response

# What host.json's overridableExistingInstanceStates means by default: a new run replaces a finished one.
_REPLACEABLE = (
    pb.ORCHESTRATION_STATUS_COMPLETED,
    pb.ORCHESTRATION_STATUS_FAILED,
    pb.ORCHESTRATION_STATUS_TERMINATED,
    pb.ORCHESTRATION_STATUS_CANCELED,
)
# Azure Storage's longest row key.
_LONGEST_ID = 512


class DurableStarts:
    """`POST /orchestrators/{name}[/{id}]`.

    Source: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#start-orchestration
    """

    def __init__(self, engine: EngineConnection, hub_name: str) -> None:
        """Starts through `engine`."""
        self._engine = engine
        self._hub_name = hub_name

    async def start(self, request: web.Request, name: str, instance: str) -> web.Response:
        """202 with the run's addresses; 400 for an id with @ or no JSON; 409 while it runs.

        An orchestrator that the app does not have is 202 as well: the run fails.
        """
        body = await request.text()
        fault = _fault(instance, body)
        if fault is not None:
            return message_response(fault, 400)
        if len(instance) > _LONGEST_ID:
            # In the extension this is an error of its storage.
            return message_response("Something went wrong while processing your request", 500)
        order = pb.CreateInstanceRequest(
            instanceId=instance or uuid.uuid4().hex,
            name=name,
            input=StringValue(value=body) if body else None,
            orchestrationIdReusePolicy=pb.OrchestrationIdReusePolicy(replaceableStatus=_REPLACEABLE),
        )
        if version := request.query.get("version"):
            order.version.value = version
        try:
            await self._engine.call("StartInstance", order)
        except grpc.RpcError as error:
            if status_code(error) != grpc.StatusCode.ALREADY_EXISTS:
                raise
            return message_response("An Orchestration instance with the status Running already exists.", 409)
        return self._addresses(request, order.instanceId)

    def _addresses(self, request: web.Request, instance: str) -> web.Response:
        """The run's id and addresses, as the extension answers (without the one for rewind)."""
        base = f"{request.url.origin()}/runtime/webhooks/durabletask/instances/{quote(instance, safe='')}"
        hub, connection = request.query.get("taskHub", self._hub_name), request.query.get("connection", "Storage")
        query = f"taskHub={quote(hub)}&connection={quote(connection)}"
        status = f"{base}?{query}"
        urls = {
            "id": instance,
            "statusQueryGetUri": status,
            "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{base}/terminate?reason={{text}}&{query}",
            "suspendPostUri": f"{base}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{base}/resume?reason={{text}}&{query}",
            "restartPostUri": f"{base}/restart?{query}",
            "purgeHistoryDeleteUri": status,
        }
        return json_response(urls, 202, {"Location": status, "Retry-After": "10"})


def _fault(instance: str, body: str) -> str | None:
    # The extension accepts an id that begins with @, and the run hangs: it is an entity's.
    if instance.startswith("@"):
        return "an instance id must not begin with @"
    try:
        json.loads(body or "null")
    except ValueError:
        return "Invalid JSON content"
    return None
