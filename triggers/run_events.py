"""Sends an event to a run, and reports whether the run has ended or does not exist any more."""

from enum import Enum

import azure.durable_functions as df
import grpc


class Sent(Enum):
    """The result of sending an event."""

    ACCEPTED = "accepted"
    RUN_ENDED = "runEnded"
    NO_SUCH_RUN = "noSuchRun"


_REFUSED = {grpc.StatusCode.FAILED_PRECONDITION: Sent.RUN_ENDED, grpc.StatusCode.NOT_FOUND: Sent.NO_SUCH_RUN}


async def send_event(client: df.DurableFunctionsClient, run_id: str, event: str, data: object) -> Sent:
    """Raise an event; the run may have ended or been purged since its state was read."""
    try:
        await client.raise_orchestration_event(run_id, event, data=data)
    except grpc.aio.AioRpcError as error:
        refused = _REFUSED.get(error.code())
        if refused is None:
            raise
        return refused
    return Sent.ACCEPTED
