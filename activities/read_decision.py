"""Reads the decision that stands about a run, where its event has not arrived."""

import json

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId

from contracts.approvals import decision_about
from contracts.machine_steps import DecisionRead, ReadDecision
from contracts.run import Decision
from contracts.steps import APPROVAL_RECORD


async def read_decision(request: ReadDecision, client: df.DurableFunctionsClient) -> DecisionRead:
    """Give the decision about a VM's run, or about its whole request; None: nobody decided."""
    found = await client.get_entity(EntityInstanceId(APPROVAL_RECORD, request.batch_id))
    text = found.get_state() if found is not None else None
    standing = decision_about(request.run_id, json.loads(text)) if text else None
    return DecisionRead(decision=Decision.model_validate(standing) if standing else None)
