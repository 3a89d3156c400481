"""What every door does with a request: claim its requestId once, and start the run if it is the first."""

import asyncio
import json
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

_LOOK_EVERY = 0.05
_PATIENCE = 30.0


class NotClaimed(RuntimeError):
    """The engine did not take the claim in time; the delivery should be made again."""


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
    (RequestIdReused). NotClaimed is raised if the engine does not answer within 30 seconds.
    """
    import settings

    digest = request_digest(request)
    entity = EntityInstanceId(REQUEST_REGISTER, request_id)
    held = await _held(client, entity)
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
        held = await _until_held(client, entity)
    if held["digest"] != digest:
        message = f"requestId {request_id} is held by run {held['run_id']}, which was asked with another text"
        return Refusal.of(RefusalCode.REQUEST_ID_REUSED, message)
    return Received(request_id=request_id, run_id=held["run_id"], existing=existing)


async def _until_held(client: df.DurableFunctionsClient, entity: EntityInstanceId) -> dict[str, str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    while loop.time() < deadline:
        held = await _held(client, entity)
        if held is not None:
            return held
        await asyncio.sleep(_LOOK_EVERY)
    raise NotClaimed(f"the engine did not take the claim of {entity.key} within {_PATIENCE:.0f} s")


async def _held(client: df.DurableFunctionsClient, entity: EntityInstanceId) -> dict[str, str] | None:
    found = await client.get_entity(entity)
    text = found.get_state() if found is not None else None
    return json.loads(text) if text else None
