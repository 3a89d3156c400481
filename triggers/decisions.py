"""Records decisions about runs where only the first one stands."""

from typing import Any, cast

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.approvals import ApprovalState, DecisionToRecord, decision_about
from contracts.run import Decision
from contracts.steps import APPROVAL_RECORD
from triggers.entity_state import until_state


async def record_decision(
    client: df.DurableFunctionsClient, run_id: str, batch_id: str, decision: Decision
) -> tuple[Decision, tuple[str, ...]]:
    """Record a decision about a VM's run or (`run_id` is `batch_id`) a whole request's, if it is the first.

    Gives what stands about the run afterwards, and the runs of single VMs that had been decided before a whole
    request. Two calls at once are given one and the same decision. EngineNotAnswering as in `until_state`.
    """
    entity, batch = EntityInstanceId(APPROVAL_RECORD, batch_id), run_id == batch_id
    document = decision.model_dump(mode="json", exclude_none=True)
    await client.signal_entity(entity, "decide", DecisionToRecord(run_id=run_id, batch=batch, decision=document))

    def standing(found: dict[str, Any] | None) -> tuple[Decision, tuple[str, ...]] | None:
        state = cast("ApprovalState | None", found)
        stands = decision_about(run_id, state) if state else None
        if state is None or stands is None:
            return None
        return Decision.model_validate(stands), tuple(state["runs"]) if batch else ()

    return await until_state(client, entity, standing)
