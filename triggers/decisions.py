"""Records decisions about runs where only the first one stands."""

import uuid
from typing import Any

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.steps import APPROVAL_RECORD
from triggers.entity_state import until_state


async def record_decision(
    client: df.DurableFunctionsClient, run_id: str, batch_id: str, *, approved: bool
) -> tuple[bool, tuple[str, ...]]:
    """Record a decision about a VM's run or (`run_id` is `batch_id`) a whole request's, if it is the first.

    Gives what stands about the run afterwards, and the runs of single VMs that had been decided before a whole
    request. Two calls at once are told one and the same decision. EngineNotAnswering as in `until_state`.
    """
    entity = EntityInstanceId(APPROVAL_RECORD, batch_id)
    decision = {"id": str(uuid.uuid4()), "approved": approved}
    await client.signal_entity(entity, "decide", {"run_id": run_id, "batch": run_id == batch_id, "decision": decision})

    def standing(state: dict[str, Any] | None) -> tuple[bool, tuple[str, ...]] | None:
        found = _decision_about(run_id, state) if state else None
        return (found["approved"], tuple(state["runs"]) if run_id == batch_id else ()) if found and state else None

    return await until_state(client, entity, standing)


def _decision_about(run_id: str, state: dict[str, Any]) -> dict[str, Any] | None:
    """A VM's own decision came before that of the whole request, which leaves it alone."""
    return state["runs"].get(run_id) or state["request"]
