"""Waits for an approval before anything is changed, for as long as the request allows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.activities.vm import ReadDecision
from contracts.catalog import APPROVAL_EVENT, READ_DECISION
from contracts.error_codes import Refusal, RefusalCode
from contracts.image_options import Approval
from contracts.polling import INSPECT_LIMIT
from contracts.run import Decision
from contracts.stages import Stage
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def wait_for_approval(run: VmRun, approval: Approval) -> Orchestration[VmRun]:
    """Wait for the approval that the request requires, and return the run with it; Refused if it is denied."""
    run.enter(Stage.AWAITING_APPROVAL)
    decision = run.job.decision or (yield from _event(run, approval.timeout_minutes)) or (yield from _recorded(run))
    run.journal.decision = decision
    if decision is None and approval.on_timeout == "proceed":
        run.note(f"nobody decided within {approval.timeout_minutes} min; the run continues, as the request says")
    elif decision is None:
        message = f"nobody approved or denied the run within {approval.timeout_minutes} min; send the request again"
        raise Refused(Refusal.of(RefusalCode.APPROVAL_TIMED_OUT, message))
    elif not decision.approved:
        who = decision.principal or "an approver whose name is not known"
        comment = f": {decision.comment}" if decision.comment else ""
        raise Refused(Refusal.of(RefusalCode.NOT_APPROVED, f"denied by {who}{comment}"))
    else:
        run.audit("approved", approver=decision.principal, approverIdentity=decision.identity)
        return replace(run, approved=True)
    return run


def _event(run: VmRun, minutes: int) -> Orchestration[Decision | None]:
    timer = run.ctx.create_timer(timedelta(minutes=minutes))
    while True:
        event: Any = run.ctx.wait_for_external_event(APPROVAL_EVENT)
        yield from run.first_of(event, timer)
        if not event.is_complete:
            # A wait that is not canceled would take the next event.
            event.cancel()
            return None
        try:
            decision = Decision.model_validate(event.get_result())
        except ValueError:
            # It did not come from the trigger, which sends only decisions: whoever wrote it must not end the run.
            run.log("approval event ignored: it holds no decision")
            continue
        timer.cancel()
        return decision


def _recorded(run: VmRun) -> Orchestration[Decision | None]:
    """Read the approval record: the event of a decision that was accepted in time may come late."""
    request = ReadDecision(run_id=run.job.run_id, batch_id=run.job.batch_id)
    answer = yield from ask(run, READ_DECISION, request, run.ctx.current_utc_datetime + INSPECT_LIMIT)
    return answer.decision
