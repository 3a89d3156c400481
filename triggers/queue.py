"""The queue trigger: a message on `image-requests` is a request."""

import azure.durable_functions as df
import azure.functions as func

from contracts.error_codes import Refusal
from contracts.parsing import BadRequest, read_request
from contracts.queues import CONNECTION, REJECTED_QUEUE, REQUESTS_QUEUE, RESULTS_QUEUE
from contracts.request import MAX_TARGETS_BY_QUEUE
from contracts.run import Caller, Trigger
from triggers.rejected import reject
from triggers.start_run import receive

blueprint = df.Blueprint()


async def start_from_queue(
    message: func.QueueMessage,
    client: df.DurableFunctionsClient,
    results: func.Out[bytes],
    rejected: func.Out[bytes],
) -> None:
    """Start the run for the request in the message; the same message again is the same run.

    An invalid message is answered at once. An error of the app is raised, so that the host delivers the message again,
    and finally moves it to `image-requests-poison`.
    """
    body, message_id = message.get_body(), message.id or "unknown"
    try:
        request = read_request(body, max_targets=MAX_TARGETS_BY_QUEUE)
    except BadRequest as bad:
        reject(
            trigger=Trigger.QUEUE,
            message_id=message_id,
            body=body,
            faults=bad.faults,
            results=results,
            rejected=rejected,
        )
        return
    request_id = request.request_id or message_id
    caller = Caller(message_id=message_id)
    answer = await receive(client, request, request_id=request_id, trigger=Trigger.QUEUE, caller=caller)
    if isinstance(answer, Refusal):
        reject(
            trigger=Trigger.QUEUE, message_id=message_id, body=body, refusal=answer, results=results, rejected=rejected
        )


# BINARY: with STRING the host rejects a message that is not UTF-8 before the function can answer it.
_built = blueprint.queue_trigger(  # pyright: ignore[reportUnknownMemberType]
    arg_name="message", queue_name=REQUESTS_QUEUE, connection=CONNECTION, data_type=func.DataType.BINARY
)(blueprint.durable_client_input(client_name="client")(start_from_queue))
blueprint.queue_output(arg_name="results", queue_name=RESULTS_QUEUE, connection=CONNECTION)(_built)  # pyright: ignore[reportUnknownMemberType]
blueprint.queue_output(arg_name="rejected", queue_name=REJECTED_QUEUE, connection=CONNECTION)(_built)  # pyright: ignore[reportUnknownMemberType]
