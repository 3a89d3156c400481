"""A lease that one run at a time holds: an entity that tolerates repeated and reordered messages, and its client."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NotRequired, TypedDict, cast

from durabletask import task
from durabletask.entities import EntityContext, EntityInstanceId

from contracts.catalog import CALL_LEASE
from contracts.engine import LONGEST_SILENCE_SECONDS
from orchestrators.run_activity import Orchestration

_RETURNED_KEPT = 16
_MOST_CALLS = 5
# A call that is under way when its host instance stops is answered later by another instance.
_ANSWER = timedelta(seconds=2 * LONGEST_SILENCE_SECONDS)
_PAUSE = timedelta(seconds=5)


class LeaseState(TypedDict):
    """Who holds the lease with which ticket, and the tickets that were released last."""

    holder: str | None
    ticket: str | None
    returned: list[str]


class LeaseRequest(TypedDict):
    """Who asks, with which ticket; `dead` names a holder that has ended."""

    holder: NotRequired[str]
    ticket: NotRequired[str]
    dead: NotRequired[str]


class LeaseAnswer(TypedDict):
    """Whether the caller holds the lease now, and who does."""

    granted: bool
    holder: str | None


def lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one lease: `acquire` {holder, ticket, dead?}, `release` {ticket}, `peek`, `forget`.

    The engine delivers a message at least once and in any order. So every acquisition has its own ticket, and a ticket
    that was released is never granted again: a late copy of the message changes nothing. `dead` passes the lease on
    only if that holder still has it (compare and swap), so that of two runs that saw the same ended holder one gets it.
    """
    state = cast("LeaseState | None", ctx.get_state(dict)) or LeaseState(holder=None, ticket=None, returned=[])
    asked = request if isinstance(request, dict) else LeaseRequest()
    if ctx.operation == "acquire":
        return _acquire(ctx, state, asked)
    if ctx.operation == "release" and "ticket" in asked:
        _release(ctx, state, asked["ticket"])
    elif ctx.operation == "forget" and state["holder"] is None and state["returned"][-1:] == [asked.get("ticket")]:
        ctx.set_state(None)
    return LeaseAnswer(granted=False, holder=state["holder"])


def _acquire(ctx: EntityContext, state: LeaseState, asked: LeaseRequest) -> LeaseAnswer:
    holder, ticket = asked.get("holder"), asked.get("ticket")
    free = state["holder"] in {None, holder, asked.get("dead", "")}
    if holder is None or ticket is None or ticket in state["returned"] or not free:
        return LeaseAnswer(granted=False, holder=state["holder"])
    before = state["ticket"]
    returned = [*state["returned"], before] if before not in {None, ticket} else state["returned"]
    ctx.set_state(LeaseState(holder=holder, ticket=ticket, returned=cast("list[str]", returned)[-_RETURNED_KEPT:]))
    return LeaseAnswer(granted=True, holder=holder)


def _release(ctx: EntityContext, state: LeaseState, ticket: str) -> None:
    if ticket not in state["returned"]:
        state["returned"] = [*state["returned"], ticket][-_RETURNED_KEPT:]
    if state["ticket"] == ticket:
        state["holder"] = state["ticket"] = None
    ctx.set_state(state)


class LeaseUnavailable(Exception):
    """The lease did not answer, after several attempts."""


def call_lease(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[Any]:
    """Call a lease once, in an orchestration of its own; takes {entity, key, operation, request}.

    The Durable extension answers an entity operation that fails, or whose worker stops, with plain text. The SDK then
    fails the calling orchestration, outside of any `try`. Here only this orchestration fails, and its parent can catch
    that.
    """
    entity = EntityInstanceId(request["entity"], request["key"])
    return (yield ctx.call_entity(entity, request["operation"], request["request"]))


def ask_lease(
    ctx: task.OrchestrationContext,
    first_of: Callable[..., Orchestration[Any]],
    entity: EntityInstanceId,
    operation: str,
    request: LeaseRequest,
) -> Orchestration[LeaseAnswer]:
    """Call a lease until it answers, five times at most; LeaseUnavailable then.

    `first_of` is the caller's way to wait for the first of several tasks: it may end on a cancel.
    """
    for _ in range(_MOST_CALLS):
        called: task.Task[Any] = ctx.call_sub_orchestrator(
            CALL_LEASE,
            input={"entity": entity.entity, "key": entity.key, "operation": operation, "request": request},
            instance_id=f"lease-{ctx.new_uuid()}",
            version=ctx.version,
        )
        timer = ctx.create_timer(_ANSWER)
        yield from first_of(called, timer)
        if called.is_complete and not called.is_failed:
            timer.cancel()
            return cast("LeaseAnswer", called.get_result())
        yield from first_of(ctx.create_timer(_PAUSE))
    raise LeaseUnavailable(f"{entity.entity} {entity.key} did not answer {operation} {_MOST_CALLS} times")
