"""Starting and restarting orchestrations through the durable HTTP API."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import grpc
from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.durable_binding import management_urls
from emulators.functions_host.durable_instances import DurableInstances
from emulators.functions_host.durable_query import flag, seconds
from emulators.functions_host.durable_status import decoded
from emulators.functions_host.engine_connection import EngineConnection, answer_of, status_code
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


@dataclass(frozen=True)
class StartRules:
    """`default_version` is host.json's, for starts that name none."""

    hub_name: str
    default_version: str | None = None


class DurableStarts:
    """`POST /orchestrators/{name}[/{id}]` and `POST /instances/{id}/restart`.

    Source: https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#start-orchestration
    """

    def __init__(self, engine: EngineConnection, instances: DurableInstances, rules: StartRules) -> None:
        """Starts through `engine`; `instances` answers for runs that end while the caller waits."""
        self._engine = engine
        self._instances = instances
        self._rules = rules

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
        if version := request.query.get("version", self._rules.default_version):
            order.version.value = version
        return await self._create(request, order)

    async def restart(self, request: web.Request, instance: str) -> web.Response:
        """A new run of the same orchestrator and input, under a new id unless `restartWithNewInstanceId=false`."""
        state = await self._engine.find(instance)
        if state is None:
            return message_response("InstanceId does not match a valid orchestration instance.", 400)
        if flag(request, "restartWithNewInstanceId", default=True):
            # Not the engine's own restart: engines refuse it for a running instance, and Azure does not.
            order = pb.CreateInstanceRequest(instanceId=uuid.uuid4().hex, name=state.name)
            for field in ("input", "version"):
                if state.HasField(field):
                    getattr(order, field).CopyFrom(getattr(state, field))
            return await self._create(request, order)
        try:
            await self._engine.call("RestartInstance", pb.RestartInstanceRequest(instanceId=instance))
        except grpc.RpcError as error:
            if status_code(error) != grpc.StatusCode.FAILED_PRECONDITION:
                raise
            return message_response("A non-terminal instance with this instance ID already exists.", 409)
        return await self._answer(request, instance)

    async def _create(self, request: web.Request, order: pb.CreateInstanceRequest) -> web.Response:
        try:
            await self._engine.call("StartInstance", order)
        except grpc.RpcError as error:
            if status_code(error) != grpc.StatusCode.ALREADY_EXISTS:
                raise
            return message_response("An Orchestration instance with the status Running already exists.", 409)
        return await self._answer(request, order.instanceId)

    async def _answer(self, request: web.Request, instance: str) -> web.Response:
        """The addresses at once, or the run's end within `timeout` seconds (with `pollingInterval`)."""
        limit, interval = seconds(request, "timeout"), seconds(request, "pollingInterval")
        if limit is None or interval is None:
            return self._addresses(request, instance)
        if interval > limit:
            words = f"Total timeout {limit:g} should be bigger than retry timeout {interval:g}"
            return message_response(words, 400)
        state = await self._wait(instance, limit)
        if state is None:
            return self._addresses(request, instance)
        if state.orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED:
            return json_response(decoded(state.output.value))
        return await self._instances.status(request, instance)

    async def _wait(self, instance: str, limit: float) -> pb.OrchestrationState | None:
        """The state at its end, or None when it has not ended in time; the engine notifies, nothing polls."""
        wait = self._engine.stub.WaitForInstanceCompletion
        wanted = pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True)
        try:
            answer: pb.GetInstanceResponse = await answer_of(wait, wanted, timeout=limit)
        except grpc.RpcError as error:
            if status_code(error) != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
            return None
        return answer.orchestrationState

    def _addresses(self, request: web.Request, instance: str) -> web.Response:
        base = f"{request.url.origin()}/runtime/webhooks/durabletask"
        query = _universal_query(request.query, self._rules.hub_name)
        # Azure's own answer does not include the rewind address, though clients receive it.
        urls = management_urls(base, query, quote(instance, safe=""))
        shown = {name: url for name, url in urls.items() if name != "rewindPostUri"}
        headers = {"Location": urls["statusQueryGetUri"], "Retry-After": "10"}
        return json_response({**shown, "id": instance}, 202, headers)


def _fault(instance: str, body: str) -> str | None:
    # The extension accepts an id that begins with @, and the run hangs: it is an entity's.
    if instance.startswith("@"):
        return "an instance id must not begin with @"
    try:
        json.loads(body or "null")
    except ValueError:
        return "Invalid JSON content"
    return None


def _universal_query(query: Mapping[str, str], hub: str) -> str:
    return f"taskHub={quote(query.get('taskHub', hub))}&connection={quote(query.get('connection', 'Storage'))}"
