"""Finds VM runs that ended without recovering their VM, by asking the Durable Functions engine."""

import json
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

from contracts.activities.cleanup import EndedRun, EndedRunsFound, FindEndedRuns
from contracts.catalog import GOLDEN_IMAGE
from contracts.facts import PowerState
from contracts.request import Mode
from contracts.results import VmResult
from contracts.run import VmJob
from contracts.stages import Stage

_BROKEN = frozenset({OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})
_MOST = 500
# The engine refuses an answer above 4 MiB, and a result may have some hundred KiB.
_RUNS_PER_QUERY = 5


async def find_ended_runs(request: FindEndedRuns, client: df.DurableFunctionsClient) -> EndedRunsFound:
    """Return the in-place runs started since then that broke, or failed and left their VM not deallocated.

    Only runs that reached a stage in which the VM may stop; the newest 500. No request to Azure Resource Manager.
    """
    query = OrchestrationQuery(
        created_time_from=request.since,
        runtime_status=[*_BROKEN, OrchestrationStatus.COMPLETED],
        instance_id_prefix="vm-",
        fetch_inputs_and_outputs=True,
        max_instance_count=_RUNS_PER_QUERY,
    )
    states = [state for state in await client.get_all_orchestration_states(query) if state.name == GOLDEN_IMAGE]
    states.sort(key=lambda state: state.created_at, reverse=True)
    ended = [found for found in map(_ended, states) if found is not None]
    return EndedRunsFound(runs=tuple(ended[:_MOST]))


def _ended(state: OrchestrationState) -> EndedRun | None:
    try:
        job = VmJob.model_validate_json(state.serialized_input or "")
        stage = _stage(state)
    except ValueError:
        return None  # The run of another version of this app: the cleanup leaves it alone.
    if stage is None or job.dry_run or job.target.mode is not Mode.IN_PLACE:
        return None
    return EndedRun(run_id=job.run_id, vm_id=job.target.vm_id, stage=stage)


def _stage(state: OrchestrationState) -> Stage | None:
    """Return the stage in which the run ended, if its VM may be stopped."""
    if state.runtime_status in _BROKEN:
        status = cast("dict[str, Any]", json.loads(state.serialized_custom_status or "{}"))
        stage = Stage(status["stage"]) if "stage" in status else None
    else:
        result = VmResult.model_validate_json(state.serialized_output or "")
        not_deallocated = result.failure is not None and result.power_state != PowerState.DEALLOCATED
        stage = result.ended_in if not_deallocated else None
    return stage if stage is not None and stage.allows.stop else None
