"""Asks the engine whether a run is active, so that an ended run cannot hold a VM's lease."""

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus

from contracts.activities.vm import ReadRunState, RunStateRead
from contracts.ids import publication_id

_OVER = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


async def read_run_state(request: ReadRunState, client: df.DurableFunctionsClient) -> RunStateRead:
    """Return whether the run, or the publishing that it started, is known to the engine and has not ended.

    Terminating a run does not terminate its sub-orchestration that publishes.
    """
    known = False
    for instance in (request.run_id, publication_id(request.run_id)):
        state = await client.get_orchestration_state(instance, fetch_payloads=False)
        known = known or state is not None
        if state is not None and state.runtime_status not in _OVER:
            return RunStateRead(alive=True, known=True)
    return RunStateRead(alive=False, known=known)
