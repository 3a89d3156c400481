"""Sends a result to the queue. A result that cannot be sent is still in the output of the orchestration."""

from durabletask import task

from contracts.activities.vm import SendResult
from contracts.catalog import SEND_RESULT
from contracts.cleanup import CleanupResult
from contracts.results import RunResult, VmResult, result_text
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.waiting import Waits


def send_result(waits: Waits, result: VmResult | RunResult | CleanupResult) -> Orchestration[None]:
    """Put the result on the queue; an error is logged."""
    try:
        yield from run_activity(waits.ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except (task.TaskFailedError, Throttled, ValueError) as error:
        waits.log("result not sent", error=str(error)[:500])
