"""The approval record: an entity per request that keeps the first decision, so that a second one is refused."""

from typing import cast

from durabletask.entities import EntityContext

from contracts.approvals import ApprovalState, DecisionToRecord
from contracts.entity_keys import DECIDE, FORGET


def approval_record(ctx: EntityContext, request: DecisionToRecord | None) -> None:
    """Keep the decisions about one request: `decide` {run_id, batch, decision}, `forget`.

    The first decision about a run is kept; one about the whole request applies to every VM that had none before. A copy
    of a message, or a late one, finds a decision and changes nothing.
    """
    state = cast("ApprovalState | None", ctx.get_state(dict)) or ApprovalState(request=None, runs={})
    if ctx.operation == FORGET:
        ctx.set_state(None)
    named = isinstance(request, dict) and {"run_id", "batch", "decision"} <= set(request)
    if ctx.operation != DECIDE or request is None or not named or state["request"] is not None:
        return
    if request["batch"]:
        state["request"] = request["decision"]
    elif request["run_id"] not in state["runs"]:
        state["runs"][request["run_id"]] = request["decision"]
    ctx.set_state(state)
