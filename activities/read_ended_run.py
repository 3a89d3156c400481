"""Reads how a run ended that returned no result, and what its VM is now."""

import json
from typing import Any, cast

import azure.durable_functions as df

from azure_clients.errors import ArmRefused
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import EndedRunRead, ReadEndedRun
from contracts.redaction import redact
from contracts.stages import Stage


async def read_ended_run(request: ReadEndedRun, client: df.DurableFunctionsClient) -> EndedRunRead:
    """Return the last stage of the run and how it ended, from the engine, and the VM (1 request)."""
    state = await client.get_orchestration_state(request.run_id)
    stage, how = None, "the engine does not know it any more"
    if state is not None:
        status = cast("dict[str, Any]", json.loads(state.serialized_custom_status or "{}"))
        stage = Stage(status["stage"]) if status.get("stage") in set(Stage) else None
        details = state.failure_details
        reason = details.message if details else (state.serialized_output or "")
        how = redact(f"{state.runtime_status.name.lower()} {reason}").strip()[:300]
    try:
        vm = await read_vm_or_none(request.vm_id)
    except ArmRefused:
        vm = None
    return EndedRunRead(stage=stage, how=how, vm=vm)
