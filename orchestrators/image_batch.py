"""The story of a whole request.

1. Say in the audit log who asked for what, through which door.
2. Keep at most `maxParallel` machines under way; whenever one ends, begin the next.
3. A cancel begins no more machines and is passed on to those under way; each decides by where it stands.
4. An approver's decision is passed on to the machines under way, and given along with those that begin later.
5. Count the ends, put the result of the run on the queue, give it. Every machine has had its own result: the
   batch speaks for those that never began.
"""

from datetime import timedelta
from typing import Any

from durabletask import task

from contracts.machine_steps import SendResult
from contracts.results import MachineResult, RunResult, result_text
from contracts.run import AcceptedRun, RequestDecision
from contracts.steps import APPROVAL_EVENT, CANCEL_EVENT, SEND_RESULT
from orchestrators.batch import Batch, audit_acceptance
from orchestrators.calling import Story, Throttled, run_step

_ONCE_MORE = timedelta(seconds=5)


def image_batch(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object]]:
    """Run `golden_image` for every target; takes an AcceptedRun and gives a RunResult, both as JSON.

    One machine's end never ends another: even a sub-orchestration that breaks is one failed machine.
    """
    accepted = AcceptedRun.model_validate(request)
    audit_acceptance(ctx, accepted)
    batch = Batch(ctx, accepted)
    yield from _fan_out(batch)
    for untold in batch.untold:
        yield from _send(batch, untold)
    result = batch.result()
    batch.log("run ended", counts=result.counts)
    yield from _send(batch, result)
    return result.model_dump(mode="json", exclude_none=True)


def _fan_out(batch: Batch) -> Story[None]:
    ctx = batch.ctx
    cancel = ctx.wait_for_external_event(CANCEL_EVENT)
    approval = ctx.wait_for_external_event(APPROVAL_EVENT)
    once_more: task.Task[Any] | None = None
    while True:
        batch.begin_more()
        ctx.set_custom_status(batch.status())
        if not batch.running:
            return batch.close()
        waited: list[task.Task[Any]] = [*batch.running.values()]
        waited += [] if batch.canceled else [cancel]
        waited += [approval] if batch.undecided else []
        waited += [once_more] if once_more else []
        yield task.when_any(waited)
        if cancel.is_complete and not batch.canceled:
            batch.cancel()
            once_more = ctx.create_timer(_ONCE_MORE)
        if approval.is_complete and batch.undecided:
            if _decided(batch, approval.get_result()):
                once_more = ctx.create_timer(_ONCE_MORE)
            else:
                approval = ctx.wait_for_external_event(APPROVAL_EVENT)
        if once_more is not None and once_more.is_complete:
            # A machine that was begun in the very turn of the news may not have been there to hear it.
            if batch.canceled:
                batch.tell_canceled()
            batch.tell_decision()
            once_more = None
        batch.collect()


def _decided(batch: Batch, payload: object) -> bool:
    """Take the decision in; what is none (an event raised past the door) is logged, and waited past."""
    try:
        batch.decide(RequestDecision.model_validate(payload))
    except ValueError:
        batch.log("approval event is no decision")
        return False
    return True


def _send(batch: Batch, result: MachineResult | RunResult) -> Story[None]:
    try:
        yield from run_step(batch.ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except (task.TaskFailedError, Throttled, ValueError) as error:
        batch.log("result not sent", error=str(error)[:500])
