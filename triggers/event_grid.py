"""The Event Grid trigger: a custom event whose data is a request, in the Event Grid or the CloudEvents schema."""

import hashlib
import json
import re

import azure.durable_functions as df
import azure.functions as func

from contracts.error_codes import Refusal
from contracts.ids import REQUEST_ID_PATTERN
from contracts.parsing import BadRequest, Fault, read_request
from contracts.queues import CONNECTION, REJECTED_QUEUE, RESULTS_QUEUE
from contracts.request import MAX_TARGETS_BY_QUEUE, ImageRequest
from contracts.run import Caller, Trigger
from triggers.rejected import reject
from triggers.start_run import receive

EVENT_TYPE = "GoldenImages.ImageRequested"
blueprint = df.Blueprint()


async def start_from_event_grid(
    event: func.EventGridEvent,
    client: df.DurableFunctionsClient,
    results: func.Out[bytes],
    rejected: func.Out[bytes],
) -> None:
    """Start the run for the request in the event's data; the same event again is the same run.

    An invalid event is answered like an invalid queue message. An error of the app is raised, so that Event Grid
    delivers the event again.
    """
    body = json.dumps(event.get_json()).encode()
    try:
        request = _request(event, body)
    except BadRequest as bad:
        reject(
            trigger=Trigger.EVENT_GRID,
            message_id=event.id,
            body=body,
            faults=bad.faults,
            results=results,
            rejected=rejected,
        )
        return
    request_id = request.request_id or _as_request_id(event.id)
    caller = Caller(message_id=event.id)
    answer = await receive(client, request, request_id=request_id, trigger=Trigger.EVENT_GRID, caller=caller)
    if isinstance(answer, Refusal):
        reject(
            trigger=Trigger.EVENT_GRID,
            message_id=event.id,
            body=body,
            refusal=answer,
            results=results,
            rejected=rejected,
        )


def _request(event: func.EventGridEvent | func.CloudEvent, body: bytes) -> ImageRequest:
    # The worker chooses the class by the event's schema, not by the annotation.
    kind = event.type if isinstance(event, func.CloudEvent) else event.event_type
    if kind != EVENT_TYPE:
        raise BadRequest([Fault(path="type", message=f"is {kind!r}; this trigger accepts only {EVENT_TYPE}")])
    return read_request(body, max_targets=MAX_TARGETS_BY_QUEUE)


def _as_request_id(event_id: str) -> str:
    """Return the event id as a requestId: event ids are free text, so an id that is not a valid requestId is hashed."""
    if re.fullmatch(REQUEST_ID_PATTERN, event_id):
        return event_id
    return f"event-{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"


_built = blueprint.event_grid_trigger(arg_name="event")(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(start_from_event_grid)
)
blueprint.queue_output(arg_name="results", queue_name=RESULTS_QUEUE, connection=CONNECTION)(_built)  # pyright: ignore[reportUnknownMemberType]
blueprint.queue_output(arg_name="rejected", queue_name=REJECTED_QUEUE, connection=CONNECTION)(_built)  # pyright: ignore[reportUnknownMemberType]
