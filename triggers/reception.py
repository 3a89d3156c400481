"""What every door does with a request: claim its requestId once, and start the run if it is the first."""

from dataclasses import dataclass
from datetime import UTC, datetime

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.ids import batch_run_id
from contracts.reading import request_digest
from contracts.reasons import Refusal, RefusalCode
from contracts.request import ImageRequest
from contracts.run import AcceptedRun, Caller, Door
from contracts.steps import REQUEST_REGISTER
from triggers.entity_state import read_state, until_state


@dataclass(frozen=True)
class Received:
    """The run that the request is; `existing` if it was known before."""

    request_id: str
    run_id: str
    existing: bool


async def receive(
    client: df.DurableFunctionsClient, request: ImageRequest, *, request_id: str, door: Door, caller: Caller
) -> Received | Refusal:
    """Claim the requestId and start the run if it is the first; safe to call again with the same request.

    The same text is the same run, also after it finished; another text under a known id is refused
    (RequestIdReused). EngineNotAnswering is raised if the engine does not take the claim in time.
    """
    import settings

    digest = request_digest(request)
    entity = EntityInstanceId(REQUEST_REGISTER, request_id)
    held = await read_state(client, entity)
    existing = held is not None
    if held is None:
        now = datetime.now(UTC)
        run = AcceptedRun(
            request_id=request_id,
            run_id=batch_run_id(request_id),
            door=door,
            caller=caller,
            accepted_at=now,
            request=request,
            settings=settings.current().for_run(),
        )
        claim = {"digest": digest, "run_id": run.run_id, "claimed_at": now.isoformat()}
        await client.signal_entity(
            entity, "claim", {"claim": claim, "run": run.model_dump(mode="json", exclude_none=True)}
        )
        held = await until_state(client, entity, lambda state: state)
    if held["digest"] != digest:
        message = f"requestId {request_id} is held by run {held['run_id']}, which was asked with another text"
        return Refusal.of(RefusalCode.REQUEST_ID_REUSED, message)
    return Received(request_id=request_id, run_id=held["run_id"], existing=existing)
