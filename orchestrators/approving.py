"""Waits for somebody to say yes before anything is changed, for as long as the request allows."""

from datetime import timedelta
from typing import Any

from contracts.machine_steps import ReadDecision
from contracts.reasons import Refusal, RefusalCode
from contracts.run import Decision
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, READ_DECISION
from orchestrators.calling import Story
from orchestrators.machine_run import MachineRun, Refused
from orchestrators.waiting import ask


def wait_for_approval(run: MachineRun) -> Story[bool]:
    """Wait for the decision that the request asks for; Refused unless it is yes. True: somebody was waited for."""
    approval = run.job.approval
    if approval is None:
        return False
    run.enter(Stage.AWAITING_APPROVAL)
    run.decision = run.job.decision or (yield from _heard(run, approval.timeout_minutes)) or (yield from _recorded(run))
    if run.decision is None and approval.on_timeout == "proceed":
        run.note(f"nobody decided within {approval.timeout_minutes} min, and the request says to go on then")
    elif run.decision is None:
        message = f"nobody decided within {approval.timeout_minutes} min"
        raise Refused(Refusal.of(RefusalCode.APPROVAL_TIMED_OUT, message))
    elif not run.decision.approved:
        who = run.decision.principal or "an approver whose name the door does not know"
        words = f": {run.decision.comment}" if run.decision.comment else ""
        raise Refused(Refusal.of(RefusalCode.NOT_APPROVED, f"{who} said no{words}"))
    else:
        run.audit("approved", principal=run.decision.principal)
    return True


def _heard(run: MachineRun, minutes: int) -> Story[Decision | None]:
    said: Any = run.ctx.wait_for_external_event(APPROVAL_EVENT)
    timer = run.ctx.create_timer(timedelta(minutes=minutes))
    yield from run.first_of(said, timer)
    if said.is_complete:
        timer.cancel()
        return Decision.model_validate(said.get_result())
    # An event wait that stands would swallow the next event.
    said.cancel()
    return None


def _recorded(run: MachineRun) -> Story[Decision | None]:
    """Read the record before nobody is said to have decided: an event that was accepted in time may come late."""
    answer = yield from ask(run, READ_DECISION, ReadDecision(run_id=run.job.run_id, batch_id=run.job.batch_id))
    return answer.decision
