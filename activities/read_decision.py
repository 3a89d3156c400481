"""Reads the recorded decision about a run, in case its event has not arrived."""

import json

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.activities.vm import DecisionRead, ReadDecision
from contracts.approvals import decision_about
from contracts.entity_keys import approval_key
from contracts.run import Decision


async def read_decision(request: ReadDecision, client: df.DurableFunctionsClient) -> DecisionRead:
    """Return the decision about a VM's run, or about its whole request; None: nobody decided."""
    found = await client.get_entity(EntityInstanceId(*approval_key(request.batch_id)))
    text = found.get_state() if found is not None else None
    decision = decision_about(request.run_id, json.loads(text)) if text else None
    return DecisionRead(decision=Decision.model_validate(decision) if decision else None)
