"""Asks the engine whether another run is alive, so that a dead one cannot hold a machine for ever."""

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus

from contracts.ids import publication_id
from contracts.machine_steps import ReadRunState, RunStateRead

_OVER = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


async def read_run_state(request: ReadRunState, client: df.DurableFunctionsClient) -> RunStateRead:
    """Give whether the run, or the publication that it began, is known to the engine and has not ended.

    On Azure a run that is terminated does not take its publication with it.
    """
    known = False
    for instance in (request.run_id, publication_id(request.run_id)):
        state = await client.get_orchestration_state(instance, fetch_payloads=False)
        known = known or state is not None
        if state is not None and state.runtime_status not in _OVER:
            return RunStateRead(alive=True, known=True)
    return RunStateRead(alive=False, known=known)
