"""An app written for durable 1.x, left as it was: one-argument orchestrators and entities, and the old client."""

# What the old names are marked with is what the app is for.
# pyright: reportDeprecated=false

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from billing import billing

type Orchestration = Generator[Any, Any, Any]

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(billing)  # pyright: ignore[reportArgumentType]


@app.route(route="run/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def run(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance = await client.start_new(req.route_params["name"], client_input=req.get_json())
    return client.create_check_status_response(req, instance)


@app.route(route="state/{key}", methods=["GET"])
@app.durable_client_input(client_name="client")
async def state(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    found = await client.read_entity_state(df.EntityId("tally", req.route_params["key"]))
    return f"{found.entity_exists} {found.entity_state}"


@app.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType]
def orchestration(context: df.DurableOrchestrationContext) -> Orchestration:
    given = context.get_input()
    retry = df.RetryOptions(1, 3)
    first = yield context.call_activity("greet", given["name"])
    second = yield context.call_activity_with_retry("third_time", retry, first)
    pair = yield context.task_all([context.call_activity("greet", name) for name in ("a", "b")])
    child = yield context.call_sub_orchestrator("child", 20)
    yield context.create_timer(context.current_utc_datetime)
    return [second, pair, child]


@app.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType]
def child(context: df.DurableOrchestrationContext) -> Orchestration:
    tally = df.EntityId("tally", "one")
    context.signal_entity(tally, "add", context.get_input())
    yield context.call_entity(tally, "add", 1)
    return (yield context.call_activity("price", 2))


@app.entity_trigger(context_name="context")  # pyright: ignore[reportArgumentType]
def tally(context: df.DurableEntityContext) -> None:
    total = context.get_state(lambda: 0)
    if context.operation_name == "add":
        total += context.get_input()
    context.set_state(total)
    context.set_result(total)


@app.activity_trigger(input_name="name")
def greet(name: str) -> str:
    return f"hello {name}"


_tries: list[str] = []


@app.activity_trigger(input_name="text")
def third_time(text: str) -> str:
    _tries.append(text)
    if len(_tries) < 3:
        raise ValueError("not yet")
    return f"{text} after {len(_tries)} tries"


@app.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType]
def fetch(context: df.DurableOrchestrationContext) -> Orchestration:
    request = context.get_input()
    answer = yield context.call_http(request["method"], request["uri"], request.get("content"), {"X-Caller": "fetch"})
    return {"status": answer.status_code, "content": answer.content}


_polls: list[str] = []


@app.route(route="operation/{step}", methods=["GET", "POST"])
def operation(req: func.HttpRequest) -> func.HttpResponse:
    """An operation that takes three looks, as an API of Azure would."""
    if req.route_params["step"] == "fails":
        return func.HttpResponse("gone", status_code=410)
    _polls.append(f"{req.method} {req.headers.get('X-Caller', '')} {req.get_body().decode()}")  # pyright: ignore
    if len(_polls) < 3:
        return func.HttpResponse(status_code=202, headers={"Location": "/api/operation/poll", "Retry-After": "0"})
    return func.HttpResponse("; ".join(_polls))
