"""Asks whether the run may go on, and waits while the app is paused."""

from contracts.activities.vm import CheckAuthority, ReadRunState
from contracts.authority import Bearer
from contracts.catalog import CHECK_AUTHORITY, READ_RUN_STATE
from contracts.error_codes import Refusal, RefusalCode
from contracts.polling import LONGEST_APP_PAUSE, LONGEST_PAUSED_SECONDS, PAUSED_SECONDS
from orchestrators.golden_image.ends import Canceled, Denied
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration, run_activity
from orchestrators.waiting import sleep


def wait_until_allowed(run: VmRun, *, undecided: bool = False) -> Orchestration[None]:
    """Return once the app's settings of now allow the run to go on; Denied if they do not.

    Canceled if the run of the whole request has ended.

    A paused run waits on a timer, hears a cancel, and asks Azure nothing. One that has resources of its own, which cost
    money, ends instead; so does one that is paused for longer than a week. `undecided`: the run will wait for an
    approval before it changes anything.
    """
    ends, seconds = run.ctx.current_utc_datetime + LONGEST_APP_PAUSE, 0
    request = CheckAuthority(vm_id=run.job.target.vm_id)
    bearer = Bearer(authority=run.authority.model_copy(update={"approved": True})) if undecided else run.bearer
    while True:
        batch = yield from run_activity(run.ctx, READ_RUN_STATE, ReadRunState(run_id=run.job.batch_id))
        if batch.known and not batch.alive:
            # An operator terminated the request without its VMs: nobody waits for this one any more.
            run.note(f"the request's run {run.job.batch_id} has ended before this one changed anything")
            raise Canceled
        denied = (yield from run_activity(run.ctx, CHECK_AUTHORITY, request, bearer=bearer)).denied
        if denied is None:
            return
        if denied.code is not RefusalCode.APP_PAUSED or run.created.temporary():
            raise Denied(denied)
        if run.ctx.current_utc_datetime >= ends:
            days = LONGEST_APP_PAUSE.days
            raise Denied(Refusal.of(RefusalCode.APP_PAUSED, f"the app is paused, and has been for {days} days"))
        if not seconds:
            run.journal.show_paused()
        seconds = min(2 * seconds or PAUSED_SECONDS, LONGEST_PAUSED_SECONDS)
        yield from sleep(run, seconds)
