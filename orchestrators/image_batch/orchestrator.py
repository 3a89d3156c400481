"""The orchestration of a whole request.

1. Write to the audit log who requested what, through which trigger.
2. Run at most `maxParallel` VMs at a time; when one ends, start the next.
3. After a cancel no more VMs are started. The cancel is forwarded to the running ones; each stops if it still can.
4. An approver's decision is forwarded to the running VMs, and passed to those that start later.
5. Count the outcomes, put the result of the request on the queue, return it. Every VM has its own result: for a VM
   that never started, the batch sends it.
"""

from datetime import timedelta
from typing import Any

from durabletask import task

from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT
from contracts.polling import FORWARD_AGAIN_SECONDS
from contracts.run import AcceptedRun, RequestDecision
from orchestrators.image_batch.batch import Batch, audit_acceptance
from orchestrators.run_activity import Orchestration
from orchestrators.send_result import send_result


def image_batch(ctx: task.OrchestrationContext, request: dict[str, object]) -> Orchestration[dict[str, object]]:
    """Run `golden_image` for every target; takes an AcceptedRun and returns a RunResult, both as JSON.

    The VMs are independent: even a sub-orchestration that fails is one failed VM.
    """
    accepted = AcceptedRun.model_validate(request)
    audit_acceptance(ctx, accepted)
    batch = Batch(ctx, accepted)
    yield from _fan_out(batch)
    for unsent in batch.unsent:
        yield from send_result(batch, unsent)
    result = batch.result()
    batch.log("request ended", counts=result.counts)
    yield from send_result(batch, result)
    return result.model_dump(mode="json", exclude_none=True)


def _fan_out(batch: Batch) -> Orchestration[None]:
    ctx = batch.ctx
    cancel = ctx.wait_for_external_event(CANCEL_EVENT)
    approval = ctx.wait_for_external_event(APPROVAL_EVENT)
    forward_again: task.Task[Any] | None = None
    limit: task.Task[Any] | None = None
    while True:
        batch.start_more()
        ctx.set_custom_status(batch.status())
        if not batch.running:
            return batch.close()
        limit = limit or ctx.create_timer(batch.time_left())
        waited: list[task.Task[Any]] = [*batch.running.values(), limit]
        waited += [] if batch.canceled else [cancel]
        waited += [approval] if batch.undecided else []
        waited += [forward_again] if forward_again else []
        yield from batch.first_of(*waited)
        if cancel.is_complete and not batch.canceled:
            batch.cancel()
            forward_again = ctx.create_timer(timedelta(seconds=FORWARD_AGAIN_SECONDS))
        if approval.is_complete and batch.undecided:
            if _store_decision(batch, approval.get_result()):
                forward_again = ctx.create_timer(timedelta(seconds=FORWARD_AGAIN_SECONDS))
            else:
                approval = ctx.wait_for_external_event(APPROVAL_EVENT)
        if forward_again is not None and forward_again.is_complete:
            # A VM that was started in the same turn may not have received the event: send it again.
            if batch.canceled:
                batch.forward_cancel()
            batch.forward_decision()
            forward_again = None
        yield from batch.collect()
        if limit.is_complete:
            yield from batch.give_up()
            limit = None


def _store_decision(batch: Batch, payload: object) -> bool:
    """Store the decision; an event that holds none (it did not come from the trigger) is logged and ignored."""
    try:
        batch.decide(RequestDecision.model_validate(payload))
    except ValueError:
        batch.log("approval event ignored: it holds no decision")
        return False
    return True
