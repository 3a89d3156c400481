"""An app in the style of durabletask: two-argument bodies, an entity that is a class, a client that blocks."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import entities, task

type Orchestration = Generator[task.Task[Any], Any, object]

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


_SHORT = timedelta(milliseconds=1)


@app.route(route="run/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
def run(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    instance = client.schedule_new_orchestration(req.route_params["name"], input=req.get_json())
    return client.create_check_status_response(req, instance)


@app.orchestration_trigger(context_name="context")
def orchestration(context: task.OrchestrationContext, names: list[str]) -> Orchestration:
    policy = task.RetryPolicy(first_retry_interval=_SHORT, max_number_of_attempts=3)
    first = yield context.call_activity("pack", input={"item": names[0], "count": 2}, retry_policy=policy)
    children: list[task.Task[Any]] = [context.call_sub_orchestrator("child", input=name) for name in names[1:]]
    rest = yield task.when_all(children)
    return [first, *rest]


@app.orchestration_trigger(context_name="context")
def child(context: task.OrchestrationContext, name: str) -> Orchestration:
    stock = entities.EntityInstanceId("shelf", name)
    with (yield context.lock_entities([stock])):
        yield context.call_entity(stock, "take", 3)
        return (yield context.call_entity(stock, "left"))


@app.orchestration_trigger(context_name="context")
def plain(context: task.OrchestrationContext, name: str) -> str:
    return f"no generator for {name}"


@app.activity_trigger(input_name="order")
async def pack(order: dict) -> dict:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
    await asyncio.sleep(0)
    return {"packed": order["item"] * order["count"]}  # pyright: ignore[reportUnknownVariableType]


class Stock(entities.DurableEntity):
    """Its operations are its methods."""

    def take(self, count: int) -> int:
        self.set_state(self.left() - count)
        return self.left()

    def left(self, _: object = None) -> int:
        return self.get_state(int, 10)


# Neither the function nor the class has the entity's name.
app.entity_trigger(context_name="context", entity_name="shelf")(Stock)
