"""One decision about a VM or a whole request: the entity in which the first one stands, so that a second is refused."""

from typing import TypedDict, cast

from durabletask.entities import EntityContext


class Recorded(TypedDict):
    """One decision: the id of the call that made it, and what it said."""

    id: str
    approved: bool


class ApprovalState(TypedDict):
    """What was decided: for the whole request, and for single VMs by their run's id before that."""

    request: Recorded | None
    runs: dict[str, Recorded]


class DecisionToRecord(TypedDict):
    """One decision about one run: that of a VM, or (`batch`) that of the whole request."""

    run_id: str
    batch: bool
    decision: Recorded


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
