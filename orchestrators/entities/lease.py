"""Leases: entities that one run at a time holds, and that tolerate repeated and reordered messages."""

from typing import NotRequired, TypedDict, cast

from durabletask.entities import EntityContext

from contracts.entity_keys import ACQUIRE, FORGET, RELEASE

_RETURNED_KEPT = 16


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


def vm_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one VM's lease: only one run at a time works on it."""
    return lease(ctx, request)


def definition_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one image definition's lease: one run at a time chooses a version's name and creates the version."""
    return lease(ctx, request)


def lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one lease: `acquire` {holder, ticket, dead?}, `release` {ticket}, `peek`, `forget`.

    The engine delivers a message at least once and in any order. So every acquisition has its own ticket, and a ticket
    that was released is never granted again: a late copy of the message changes nothing. `dead` passes the lease on
    only if that holder still has it (compare and swap), so that of two runs that saw the same ended holder one gets it.
    """
    state = cast("LeaseState | None", ctx.get_state(dict)) or LeaseState(holder=None, ticket=None, returned=[])
    asked = request if isinstance(request, dict) else LeaseRequest()
    if ctx.operation == ACQUIRE:
        return _acquire(ctx, state, asked)
    if ctx.operation == RELEASE and "ticket" in asked:
        _release(ctx, state, asked["ticket"])
    elif ctx.operation == FORGET and state["holder"] is None and state["returned"][-1:] == [asked.get("ticket")]:
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
