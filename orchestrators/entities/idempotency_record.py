"""The idempotency record: an entity per requestId that holds which request and run it belongs to."""

from typing import NotRequired, TypedDict, cast

from durabletask.entities import EntityContext

from contracts.catalog import IMAGE_BATCH
from contracts.entity_keys import FORGET, RECORD


class IdempotencyRecord(TypedDict):
    """The record: digest of the request (SHA-256), its run, and since when (ISO 8601)."""

    digest: str
    run_id: str
    recorded_at: str


class RecordRequest(TypedDict):
    """The record to store, with the run to start if it is the first; or the record to delete."""

    record: IdempotencyRecord
    run: NotRequired[dict[str, object]]


def idempotency_record(ctx: EntityContext, request: RecordRequest | None) -> IdempotencyRecord | None:
    """Hold one requestId: `record` {record, run} stores the first one and starts its run, `forget` {record} deletes it.

    The entity starts the run and stores the record in one operation, so that only one start is sent: it does not
    matter whether the engine rejects a known instance id or restarts a finished run. `forget` names the record that it
    means, so that a late copy of the message does not delete a newer one.
    """
    held = cast("IdempotencyRecord | None", ctx.get_state(dict))
    if not isinstance(request, dict) or "record" not in request:
        return held
    if ctx.operation == FORGET and held == request["record"]:
        ctx.set_state(None)
        return None
    if ctx.operation == RECORD and held is None and "run" in request:
        held = request["record"]
        ctx.set_state(held)
        ctx.schedule_new_orchestration(IMAGE_BATCH, request["run"], instance_id=held["run_id"])
    return held
