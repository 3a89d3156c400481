"""Starts the run of a request, once for each requestId. Every trigger calls it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.entity_keys import RECORD, idempotency_key
from contracts.error_codes import Refusal, RefusalCode
from contracts.ids import batch_run_id
from contracts.parsing import request_digest
from contracts.request import ImageRequest
from contracts.run import AcceptedRun, Caller, Trigger
from triggers.entity_state import read_state, until_state


@dataclass(frozen=True)
class Received:
    """The run of the request; `existing` if it was started before."""

    request_id: str
    run_id: str
    existing: bool


async def receive(
    client: df.DurableFunctionsClient, request: ImageRequest, *, request_id: str, trigger: Trigger, caller: Caller
) -> Received | Refusal:
    """Record the requestId and start the run if there is none yet; safe to call again with the same request.

    The same content is the same run, even after the run has ended. Other content with a known requestId is refused
    (RequestIdReused). Raises EngineNotAnswering if the idempotency record is not written in time.
    """
    import settings

    digest = request_digest(request)
    entity = EntityInstanceId(*idempotency_key(request_id))
    held = await read_state(client, entity)
    existing = held is not None
    if held is None:
        now = datetime.now(UTC)
        run = AcceptedRun(
            request_id=request_id,
            run_id=batch_run_id(request_id),
            trigger=trigger,
            caller=caller,
            accepted_at=now,
            request=request,
            settings=settings.current().for_run(),
        )
        record = {"digest": digest, "run_id": run.run_id, "recorded_at": now.isoformat()}
        await client.signal_entity(
            entity, RECORD, {"record": record, "run": run.model_dump(mode="json", exclude_none=True)}
        )
        held = await until_state(client, entity, lambda state: state)
    if held["digest"] != digest:
        message = f"requestId {request_id} belongs to run {held['run_id']}, which was started with other content"
        return Refusal.of(RefusalCode.REQUEST_ID_REUSED, message)
    return Received(request_id=request_id, run_id=held["run_id"], existing=existing)
