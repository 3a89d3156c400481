"""Asks the engine whether another run is alive, so that a dead one cannot hold a machine for ever."""

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus

from contracts.machine_steps import ReadRunState, RunStateRead

_OVER = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


async def read_run_state(request: ReadRunState, client: df.DurableFunctionsClient) -> RunStateRead:
    """Give whether the run is known to the engine and has not ended."""
    state = await client.get_orchestration_state(request.run_id, fetch_payloads=False)
    return RunStateRead(alive=state is not None and state.runtime_status not in _OVER)
