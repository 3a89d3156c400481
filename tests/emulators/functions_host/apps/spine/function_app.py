"""A queue message starts an orchestration whose last activity sends a message."""

import logging
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

STORAGE = "AzureWebJobsStorage"

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-spine", connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
@app.durable_client_input(client_name="client")
async def on_message(message: func.QueueMessage, client: df.DurableFunctionsClient) -> None:
    logging.info("got %s", message.id)
    await client.schedule_new_orchestration(
        "orchestration", input=message.get_json(), instance_id=message.get_json()["id"]
    )


@app.orchestration_trigger(context_name="context")
def orchestration(context: task.OrchestrationContext, request: dict[str, str]) -> Generator[task.Task[Any], Any, str]:
    first = yield context.call_activity("greet", input=request["name"])
    second = yield context.call_activity("shout", input=first)
    yield context.call_activity("announce", input=second)
    return second


@app.activity_trigger(input_name="name")
async def greet(name: str) -> str:
    logging.info("greeting %s", name)
    return f"hello {name}"


@app.activity_trigger(input_name="text")
def shout(text: str) -> str:
    logging.info("shouting")
    return text.upper()


@app.activity_trigger(input_name="text")
@app.queue_output(arg_name="out", queue_name="%PREFIX%-spine-results", connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def announce(text: str, out: func.Out[str]) -> None:
    out.set(text)
