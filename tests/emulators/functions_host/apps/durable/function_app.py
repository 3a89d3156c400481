"""Orchestrators, activities and entities for the durable tests."""

import asyncio
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import entities, task

from tests.emulators.functions_host.recorder import record

type Orchestration = Generator[task.Task[Any], Any, object]

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


class ArmFault(Exception):
    """Named after nothing."""


class Silent(Exception):
    """Raised without a message."""


@app.route(route="run/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    instance = await client.schedule_new_orchestration(
        req.route_params["name"], input=given, instance_id=req.params.get("id")
    )
    return client.create_check_status_response(req, instance)


@app.route(route="binding", methods=["GET"])
@app.durable_client_input(client_name="client")
async def binding(req: func.HttpRequest, client: df.DurableFunctionsClient) -> str:
    return f"{client.taskHubName} {client.rpcBaseUrl} {client.httpBaseUrl}"


@app.orchestration_trigger(context_name="context")
def chain(context: task.OrchestrationContext, value: dict[str, int]) -> Orchestration:
    first = yield context.call_activity("double", input=value["n"])
    second = yield context.call_activity("renamed", input=first)
    return second


@app.activity_trigger(input_name="n")
def double(n: int) -> int:
    return n * 2


@app.activity_trigger(input_name="n", activity="renamed")
async def add_one(n: int) -> int:
    return n + 1


@app.orchestration_trigger(context_name="context")
def describe_failure(context: task.OrchestrationContext, activity: str) -> Orchestration:
    try:
        yield context.call_activity(activity)
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}
    return "did not fail"


@app.activity_trigger(input_name="nothing")
def fault(nothing: str) -> str:
    raise ArmFault("Throttled: slow down")


@app.activity_trigger(input_name="nothing")
def silent(nothing: str) -> str:
    raise Silent


@app.activity_trigger(input_name="nothing")
def no_input(nothing: str) -> str:
    record(event="no input", value=nothing)
    return "ok"


@app.activity_trigger(input_name="nothing")
def slow(nothing: str) -> str:
    record(event="begin", at="slow")
    time.sleep(60)
    return "never"


@app.orchestration_trigger(context_name="context")
def without_input(context: task.OrchestrationContext, value: str) -> Orchestration:
    return (yield context.call_activity("no_input"))


@app.orchestration_trigger(context_name="context")
def raising(context: task.OrchestrationContext, value: str) -> Orchestration:
    yield context.create_timer(timedelta(0))
    raise ValueError("the orchestrator itself")


@app.orchestration_trigger(context_name="context")
def fan_out(context: task.OrchestrationContext, n: int) -> Orchestration:
    tasks: list[task.Task[Any]] = [context.call_activity("busy", input=i) for i in range(n)]
    yield task.when_all(tasks)
    return n


@app.activity_trigger(input_name="i")
async def busy(i: int) -> int:
    record(event="begin", i=i)
    await asyncio.sleep(0.03)
    record(event="end", i=i)
    return i


@app.orchestration_trigger(context_name="context")
def waits(context: task.OrchestrationContext, value: str) -> Orchestration:
    context.set_custom_status("waiting")
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def mother(context: task.OrchestrationContext, value: str) -> Orchestration:
    return (yield context.call_sub_orchestrator("waits", input="x", instance_id="daughter"))


@app.orchestration_trigger(context_name="context")
def counts(context: task.OrchestrationContext, value: str) -> Orchestration:
    entity = entities.EntityInstanceId("counter", "one")
    yield context.call_entity(entity, "add", 5)
    failed = "did not fail"
    try:
        yield context.call_entity(entity, "explode")
    except Exception as error:
        failed = str(error)
    context.signal_entity(entity, "add", 2)
    return {"total": (yield context.call_entity(entity, "get")), "failed": failed}


@app.entity_trigger(context_name="context")
def counter(context: entities.EntityContext, value: int) -> int:
    state = context.get_state(int, 0)
    if context.operation == "explode":
        raise ArmFault("in the entity")
    if context.operation == "add":
        context.set_state(state + value)
    return context.get_state(int, 0)


@app.orchestration_trigger(context_name="context")
def unknown_entity(context: task.OrchestrationContext, value: str) -> Orchestration:
    try:
        yield context.call_entity(entities.EntityInstanceId("nobody", "x"), "get")
    except Exception as error:
        return str(error)
    return "did not fail"


@app.orchestration_trigger(context_name="context")
def versioned(context: task.OrchestrationContext, value: object) -> str:
    return context.version or "none"
