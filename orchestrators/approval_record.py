"""The decisions about one request, in an entity in which the first one stands, so that a second is refused."""

from typing import cast

from durabletask.entities import EntityContext

from contracts.approvals import ApprovalState, DecisionToRecord


def approval_record(ctx: EntityContext, request: DecisionToRecord | None) -> None:
    """Keep the decisions about one request: `decide` {run_id, batch, decision}, `forget`.

    The first decision about a run stays; one about the whole request stands for every VM that had none before. A copy
    of a message, or one that comes late, finds a decision in place and changes nothing.
    """
    state = cast("ApprovalState | None", ctx.get_state(dict)) or ApprovalState(request=None, runs={})
    if ctx.operation == "forget":
        ctx.set_state(None)
    if ctx.operation != "decide" or request is None or state["request"] is not None:
        return
    if request["batch"]:
        state["request"] = request["decision"]
    elif request["run_id"] not in state["runs"]:
        state["runs"][request["run_id"]] = request["decision"]
    ctx.set_state(state)
