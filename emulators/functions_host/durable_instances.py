"""Instances in the durable HTTP API: status, purge, and control of a running one."""

import json

import grpc
from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.durable_status import RUNNING, status_document, status_name
from emulators.functions_host.engine_connection import EngineConnection, status_code
from emulators.functions_host.http_messages import json_response, message_response

# How an engine refuses to control an instance, and what the extension then answers.
_REFUSED = {grpc.StatusCode.FAILED_PRECONDITION: 410, grpc.StatusCode.NOT_FOUND: 404}


class DurableInstances:
    """`/instances/{id}[/…]`.

    Source: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api and, where it and
    the extension's HttpApiHandler differ (412 for a purge in the wrong state), the latter.
    """

    def __init__(self, engine: EngineConnection) -> None:
        """Queries and controls instances through `engine`."""
        self._engine = engine

    async def status(self, request: web.Request, instance: str) -> web.Response:
        """202 with the address to poll while it runs, then 200."""
        state = await self._engine.find(instance)
        if state is None:
            return web.Response(status=404)
        document = status_document(state)
        if state.orchestrationStatus in RUNNING:
            return json_response(document, 202, {"Location": str(request.url), "Retry-After": "5"})
        return json_response(document)

    async def purge(self, instance: str) -> web.Response:
        """Purges an instance that has ended."""
        state = await self._engine.find(instance)
        if state is None:
            return web.Response(status=404)
        if state.orchestrationStatus in RUNNING:
            words = "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID"
            return json_response(f"{words} {instance} has status {status_name(state.orchestrationStatus)}", 412)
        order = pb.PurgeInstancesRequest(instanceId=instance, recursive=True, isOrchestration=True)
        answer: pb.PurgeInstancesResponse = await self._engine.call("PurgeInstances", order)
        return json_response({"instancesDeleted": answer.deletedInstanceCount})

    async def raise_event(self, request: web.Request, instance: str, event: str) -> web.Response:
        """202; 400 unless the body is JSON with the JSON content type."""
        refusal = _refusal_of(await self._engine.find(instance))
        if refusal is not None:
            return refusal
        if request.content_type != "application/json":
            return message_response("Only application/json request content is supported", 400)
        body = await request.text() or "null"
        try:
            json.loads(body)
        except ValueError:
            return message_response("Invalid JSON content", 400)
        order = pb.RaiseEventRequest(instanceId=instance, name=event, input=StringValue(value=body))
        return await self._send("RaiseEvent", order)

    async def terminate(self, request: web.Request, instance: str) -> web.Response:
        """Terminates it without its sub-orchestrations; the reason becomes its output."""
        order = pb.TerminateRequest(instanceId=instance, recursive=False)
        order.output.value = json.dumps(request.query.get("reason"))
        return _refusal_of(await self._engine.find(instance)) or await self._send("TerminateInstance", order)

    async def suspend(self, request: web.Request, instance: str) -> web.Response:
        """Suspends it; events and results wait. 500 for a suspended one, as the extension answers."""
        state = await self._engine.find(instance)
        if state is not None and state.orchestrationStatus == pb.ORCHESTRATION_STATUS_SUSPENDED:
            return _wrong_state(state, "suspend")
        order = pb.SuspendRequest(instanceId=instance, reason=_reason(request))
        return _refusal_of(state) or await self._send("SuspendInstance", order)

    async def resume(self, request: web.Request, instance: str) -> web.Response:
        """Resumes a suspended one; 500 for any other."""
        state = await self._engine.find(instance)
        refusal = _refusal_of(state)
        if state is not None and refusal is None and state.orchestrationStatus != pb.ORCHESTRATION_STATUS_SUSPENDED:
            return _wrong_state(state, "resume")
        order = pb.ResumeRequest(instanceId=instance, reason=_reason(request))
        return refusal or await self._send("ResumeInstance", order)

    async def _send(self, method: str, order: object) -> web.Response:
        """202; 410 or 404 if the instance ended, or was purged, since its state was read."""
        try:
            await self._engine.call(method, order)
        except grpc.RpcError as error:
            refused = _REFUSED.get(status_code(error))
            if refused is None:
                raise
            return web.Response(status=refused)
        return web.Response(status=202)


def _refusal_of(state: pb.OrchestrationState | None) -> web.Response | None:
    """404 without an instance, 410 for one that has ended."""
    if state is None:
        return web.Response(status=404)
    return None if state.orchestrationStatus in RUNNING else web.Response(status=410)


def _wrong_state(state: pb.OrchestrationState, order: str) -> web.Response:
    status = status_name(state.orchestrationStatus)
    words = f"Cannot {order} the orchestration instance {state.instanceId} because instance is in the {status} state."
    about = {"Message": "Something went wrong while processing your request", "ExceptionMessage": words}
    return json_response({**about, "ExceptionType": "System.InvalidOperationException"}, 500)


def _reason(request: web.Request) -> StringValue | None:
    reason = request.query.get("reason")
    return None if reason is None else StringValue(value=reason)
