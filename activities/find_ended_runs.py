"""Finds VM runs that ended without recovering their VM, by asking the Durable Functions engine."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

from contracts.activities.cleanup import EndedRun, EndedRunsFound, FindEndedRuns
from contracts.catalog import GOLDEN_IMAGE
from contracts.error_codes import FailureCode
from contracts.facts import PowerState
from contracts.ids import VM_RUN_PREFIX
from contracts.request import Mode
from contracts.results import VmResult
from contracts.run import VmJob
from contracts.stages import Stage

_BROKEN = frozenset({OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})
_MOST = 500
_RUNS_PER_QUERY = 100


async def find_ended_runs(request: FindEndedRuns, client: df.DurableFunctionsClient) -> EndedRunsFound:
    """Return the in-place runs that ended since then, broke or failed, and left their VM not deallocated.

    Only runs that reached a stage in which the VM may stop; the newest 500. No request to Azure Resource Manager. A run
    may have begun long before: it is the time of its end that counts.
    """
    query = OrchestrationQuery(
        created_time_from=request.begun_since,
        runtime_status=[*_BROKEN, OrchestrationStatus.COMPLETED],
        instance_id_prefix=VM_RUN_PREFIX,
        fetch_inputs_and_outputs=False,
        max_instance_count=_RUNS_PER_QUERY,
    )
    states = [state for state in await client.get_all_orchestration_states(query) if state.name == GOLDEN_IMAGE]
    recent = [state for state in states if _utc(state.last_updated_at) >= request.since]
    recent.sort(key=lambda state: state.last_updated_at, reverse=True)
    ended: list[EndedRun] = []
    for state in recent:
        # A result may have some hundred KiB, and the engine refuses an answer above 4 MiB: one by one.
        whole = await client.get_orchestration_state(state.instance_id)
        found = _ended(whole) if whole is not None else None
        ended += [found] if found is not None else []
        if len(ended) >= _MOST:
            break
    return EndedRunsFound(runs=tuple(ended))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ended(state: OrchestrationState) -> EndedRun | None:
    try:
        job = VmJob.model_validate_json(state.serialized_input or "")
        stage, unique_id = _stage(state)
    except ValueError:
        return None  # The run of another version of this app: the cleanup leaves it alone.
    if stage is None or not stage.allows.stop or job.dry_run or job.target.mode is not Mode.IN_PLACE:
        return None
    return EndedRun(run_id=job.run_id, vm_id=job.target.vm_id, stage=stage, unique_id=unique_id)


def _stage(state: OrchestrationState) -> tuple[Stage | None, str | None]:
    """Return the stage in which the run ended, if its VM may be stopped, and the VM's vmId if it is known."""
    if state.runtime_status in _BROKEN:
        status = cast("dict[str, Any]", json.loads(state.serialized_custom_status or "{}"))
        return (Stage(status["stage"]) if "stage" in status else None), None
    result = VmResult.model_validate_json(state.serialized_output or "")
    failure = result.failure
    # A VM that somebody else started and that ran is his: whatever it does later is not this app's doing.
    others = failure is not None and failure.code is FailureCode.STARTED_EXTERNALLY
    if failure is None or (others and result.power_state != PowerState.STOPPED):
        return None, None
    return (result.ended_in if result.power_state != PowerState.DEALLOCATED else None), result.vm_unique_id
