"""Asks the engine for machine runs that are over without having looked after their machine."""

import json
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

from contracts.facts import PowerState
from contracts.request import Mode
from contracts.results import MachineResult
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import GOLDEN_IMAGE
from contracts.sweep_steps import EndedRun, EndedRunsFound, FindEndedRuns

_BROKEN = frozenset({OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})
_MAY_HAVE_STOPPED = frozenset(
    {
        *(Stage.DEPROVISIONING, Stage.STOPPING, Stage.DEALLOCATING, Stage.GENERALIZING),
        *(Stage.PUBLISHING, Stage.VERIFYING, Stage.CLEANING_UP),
    }
)
_MOST = 500
# The engine refuses an answer above 4 MiB, and a result may have some hundred KiB.
_A_MESSAGE = 5


async def find_ended_runs(request: FindEndedRuns, client: df.DurableFunctionsClient) -> EndedRunsFound:
    """Give the in-place runs begun since then that broke, or failed and did not leave their machine deallocated.

    Only those that had come to where a machine may stop. The newest 500 are given. No request to Azure Resource
    Manager.
    """
    query = OrchestrationQuery(
        created_time_from=request.since,
        runtime_status=[*_BROKEN, OrchestrationStatus.COMPLETED],
        instance_id_prefix="vm-",
        fetch_inputs_and_outputs=True,
        max_instance_count=_A_MESSAGE,
    )
    states = [state for state in await client.get_all_orchestration_states(query) if state.name == GOLDEN_IMAGE]
    states.sort(key=lambda state: state.created_at, reverse=True)
    ended = [found for found in map(_ended, states) if found is not None]
    return EndedRunsFound(runs=tuple(ended[:_MOST]))


def _ended(state: OrchestrationState) -> EndedRun | None:
    try:
        job = MachineJob.model_validate_json(state.serialized_input or "")
        stage = _stage(state)
    except ValueError:
        return None  # A run of another version: its owner reads it, no sweep does.
    if stage is None or job.dry_run or job.target.mode is not Mode.IN_PLACE:
        return None
    return EndedRun(run_id=job.run_id, vm_id=job.target.vm_id, stage=stage)


def _stage(state: OrchestrationState) -> Stage | None:
    """Give the stage in which the machine was left, if it may stand stopped."""
    if state.runtime_status in _BROKEN:
        status = cast("dict[str, Any]", json.loads(state.serialized_custom_status or "{}"))
        stage = Stage(status["stage"]) if "stage" in status else None
    else:
        result = MachineResult.model_validate_json(state.serialized_output or "")
        left_up = result.failure is not None and result.power_state != PowerState.DEALLOCATED
        stage = result.ended_in if left_up else None
    return stage if stage in _MAY_HAVE_STOPPED else None
