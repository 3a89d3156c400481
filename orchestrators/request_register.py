"""One request, one run: the entity that remembers which request text holds a requestId."""

from typing import NotRequired, TypedDict, cast

from durabletask.entities import EntityContext

from contracts.steps import IMAGE_BATCH


class Claim(TypedDict):
    """Which request holds the id (SHA-256 of what it asks for), which run it is, and since when (ISO 8601)."""

    digest: str
    run_id: str
    claimed_at: str


class ClaimRequest(TypedDict):
    """The claim that a trigger makes, with the run to start if it is the first; or the claim to forget."""

    claim: Claim
    run: NotRequired[dict[str, object]]


def request_register(ctx: EntityContext, request: ClaimRequest | None) -> Claim | None:
    """Hold one requestId: `claim` {claim, run} starts the run if it is the first, `forget` {claim} ends the memory.

    Starting the run and remembering it are one transition of the entity, on every engine: one that rejects a
    known instance id and one that restarts a finished run then behave the same, since only one start is sent.
    `forget` names the claim that it means, so that a copy of it that comes late does not end the memory of a newer one.
    """
    held = cast("Claim | None", ctx.get_state(dict))
    if request is None:
        return held
    if ctx.operation == "forget" and held == request["claim"]:
        ctx.set_state(None)
        return None
    if ctx.operation == "claim" and held is None and "run" in request:
        held = request["claim"]
        ctx.set_state(held)
        ctx.schedule_new_orchestration(IMAGE_BATCH, request["run"], instance_id=held["run_id"])
    return held
