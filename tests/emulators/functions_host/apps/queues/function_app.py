"""Queue functions that record what they got; a body's first word says what to do with it."""

import asyncio
import os

import azure.functions as func

from tests.emulators.functions_host.recorder import record

STORAGE = "AzureWebJobsStorage"

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-in", connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
async def on_message(message: func.QueueMessage) -> None:
    body = message.get_body().decode("utf-8", errors="replace")
    record(
        event="begin",
        body=body,
        id=message.id,
        dequeue_count=message.dequeue_count,
        inserted=str(message.insertion_time),
        expires=str(message.expiration_time),
        next_visible=str(message.time_next_visible),
        pop_receipt=message.pop_receipt,
    )
    if body.startswith("fail"):
        raise RuntimeError("asked to fail")
    if body.startswith("slow"):
        await asyncio.sleep(float(os.environ["SLOW_SECONDS"]))
    record(event="end", body=body)


@app.queue_trigger(arg_name="text", queue_name="%PREFIX%-sync", connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def on_text(text: str) -> None:
    record(event="sync", body=text)


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-raw", connection=STORAGE, data_type=func.DataType.BINARY)  # pyright: ignore[reportUnknownMemberType]
def on_bytes(message: func.QueueMessage) -> None:
    record(event="bytes", body=message.get_body().hex(), dequeue_count=message.dequeue_count)
