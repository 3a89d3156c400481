"""Records decisions about runs; the first decision about a run counts."""

from typing import Any, cast

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.approvals import ApprovalState, DecisionToRecord, decision_about
from contracts.entity_keys import DECIDE, approval_key
from contracts.run import Decision
from triggers.entity_state import until_state


async def record_decision(
    client: df.DurableFunctionsClient, run_id: str, batch_id: str, decision: Decision
) -> tuple[Decision, tuple[str, ...]]:
    """Record a decision about the run of a VM or (`run_id` is `batch_id`) of an entire request, if it is the first.

    Returns the decision that counts for the run, and the runs of single VMs that were decided before the entire
    request. Two simultaneous calls return the same decision. EngineNotAnswering as in `until_state`.
    """
    entity, batch = EntityInstanceId(*approval_key(batch_id)), run_id == batch_id
    document = decision.model_dump(mode="json", exclude_none=True)
    await client.signal_entity(entity, DECIDE, DecisionToRecord(run_id=run_id, batch=batch, decision=document))

    def recorded(found: dict[str, Any] | None) -> tuple[Decision, tuple[str, ...]] | None:
        state = cast("ApprovalState | None", found)
        first = decision_about(run_id, state) if state else None
        if state is None or first is None:
            return None
        return Decision.model_validate(first), tuple(state["runs"]) if batch else ()

    return await until_state(client, entity, recorded)
