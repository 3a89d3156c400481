"""The story of one machine.

1. Judge what can be judged before Azure is asked, and take the machine's lease.
2. Inspect all that will be needed and judge it; a dry run ends here. Wait for an approval where one is asked for.
3. Clone: copy the disks, make a shut-off machine of them, run the scripts on it. In place: keep a snapshot to undo by.
4. Order the guest to seal itself: the point of no return. A specialized image needs none of this.
5. Wait for the guest's report, then until the power state reports stopped; judge how it stopped, on what evidence.
6. Deallocate, and mark it generalized; each is believed when it was read.
7. Publish the image where one is asked for, verify it with a machine made from it, promote it, retire older ones.
8. Whatever went wrong: look after the machine, unmake all that was made for a time, give the lease back, say it.
"""

from durabletask import task

from contracts.facts import GuestIdentity
from contracts.machine_steps import SendResult
from contracts.reasons import Failure, FailureCode
from contracts.redaction import redact
from contracts.results import MachineResult, Outcome, result_text
from contracts.run import MachineJob
from contracts.stages import BEFORE_NO_RETURN, Stage
from contracts.steps import SEND_RESULT
from orchestrators.aftermath import look_after
from orchestrators.approving import wait_for_approval
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.cloning import make_clone
from orchestrators.in_place import (
    deallocate,
    generalize,
    order_deprovision,
    prove,
    wait_for_report,
    wait_until_stopped,
)
from orchestrators.judging import Plan, judge, judge_again
from orchestrators.machine_lease import give_lease_back
from orchestrators.machine_run import Canceled, Failed, MachineRun, Refused
from orchestrators.preparing import keep_undo, run_scripts, take_undo_snapshot
from orchestrators.publishing import learn_what_must_differ, publish
from orchestrators.unmaking import unmake

_BEFORE_SEALED = BEFORE_NO_RETURN | {Stage.DEPROVISIONING}


def golden_image(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object]]:
    """Make a golden image of one machine; takes a MachineJob and gives a MachineResult, both as JSON.

    Every way to end is a result: a failure of one machine must not end the batch that asked for it.
    """
    run = MachineRun(ctx, MachineJob.model_validate(request))
    result = yield from _told_to_the_end(run)
    if not run.job.dry_run:
        give_lease_back(run)
    yield from _send(run, result)
    return result.model_dump(mode="json", exclude_none=True)


def _told_to_the_end(run: MachineRun) -> Story[MachineResult]:
    try:
        outcome = yield from _story(run)
    except Canceled:
        yield from _clean_up(run)
        return run.result(Outcome.CANCELED)
    except Refused as refused:
        if run.guest_refused or run.stage in _BEFORE_SEALED:
            yield from _clean_up(run)
            return run.result(Outcome.REFUSED, refusals=refused.refusals)
        # Nothing is refused any more once a machine was given up: it is a failure to publish.
        why = "; ".join(f"{refusal.code}: {refusal.message}" for refusal in refused.refusals)
        failure = Failure.of(FailureCode.PUBLISH_FAILED, why[:500])
    except Failed as failed:
        failure = failed.failure
    except Throttled as throttled:
        failure = throttled.failure
    except task.TaskFailedError as error:
        failure = Failure.of(FailureCode.AZURE_UNAVAILABLE, error.details.message[:500])
    except Exception as error:
        # A fault of ours must neither leave a stopped machine billed nor keep its lease.
        failure = Failure.of(FailureCode.UNEXPECTED, redact(f"{type(error).__name__}: {error}")[:500])
    else:
        yield from _clean_up(run)
        return run.result(outcome)
    yield from _clean_up(run, failure)
    return run.result(Outcome.FAILED, failure=failure)


def _story(run: MachineRun) -> Story[Outcome]:
    run.enter(Stage.INSPECTING)
    plan = yield from judge(run)
    wanted = run.job.target.image is not None
    if run.job.dry_run:
        return _would(plan, wanted=wanted)
    if plan.already_generalized and not wanted:
        return Outcome.ALREADY_GENERALIZED
    if (yield from wait_for_approval(run)):
        plan = yield from judge_again(run, plan)
    run.stop_if_canceled()

    identity = None
    if not plan.already_generalized:
        identity = yield from _make_ready(run, plan)
        yield from _seal(run, plan)
    if not wanted:
        return Outcome.GENERALIZED

    run.enter(Stage.PUBLISHING)
    yield from publish(run, plan, identity)
    return Outcome.PUBLISHED


def _would(plan: Plan, *, wanted: bool) -> Outcome:
    if wanted:
        return Outcome.WOULD_PUBLISH
    return Outcome.ALREADY_GENERALIZED if plan.already_generalized else Outcome.WOULD_GENERALIZE


def _make_ready(run: MachineRun, plan: Plan) -> Story[GuestIdentity | None]:
    """Do all that can still be undone; give who the machine is, if its image will be verified."""
    if run.clones:
        run.enter(Stage.CLONING)
        yield from make_clone(run, plan)
    run.enter(Stage.PREPARING)
    yield from run_scripts(run, plan.scripts)
    identity = yield from learn_what_must_differ(run, plan)
    if not run.clones and run.job.target.undo_snapshot:
        yield from take_undo_snapshot(run)
    run.stop_if_canceled()
    return identity


def _seal(run: MachineRun, plan: Plan) -> Story[None]:
    """Seal the machine, prove it, stop paying for it, mark it; a specialized image only needs it to stand still."""
    if plan.specialized:
        run.enter(Stage.DEALLOCATING)
        return (yield from deallocate(run, even_running=True))

    run.enter(Stage.DEPROVISIONING)
    yield from order_deprovision(run)
    yield from wait_for_report(run)

    run.enter(Stage.STOPPING)
    power_state = yield from wait_until_stopped(run)
    yield from prove(run, power_state)

    run.enter(Stage.DEALLOCATING)
    yield from deallocate(run)

    run.enter(Stage.GENERALIZING)
    yield from generalize(run)


def _clean_up(run: MachineRun, failure: Failure | None = None) -> Story[None]:
    """Look after the machine once something was ordered, and unmake what was made for a time.

    The undo snapshot stays once the machine was told to seal itself, unless its guest refused. What fails here must
    not hide why the run ended.
    """
    lost = failure is not None and failure.code in {FailureCode.MACHINE_GONE, FailureCode.MACHINE_REPLACED}
    sealed = run.machine is not None and run.machine.generalized
    hurt = run.ordered and not lost and not sealed
    if run.ordered and not run.guest_refused:
        keep_undo(run)
    if not hurt and not run.things:
        return
    run.enter(Stage.CLEANING_UP)
    run.ceiling = None
    if hurt:
        yield from _tried(run, look_after(run, failed=failure is not None))
    yield from _tried(run, unmake(run, run.things))


def _tried(run: MachineRun, work: Story[None]) -> Story[None]:
    try:
        yield from work
    except Exception as error:
        # Whatever it is, the rest is still to be unmade, the lease given back and the result told.
        run.log("clean-up not complete", error=redact(f"{type(error).__name__}: {error}")[:500])


def _send(run: MachineRun, result: MachineResult) -> Story[None]:
    """Put the result on the queue; if that cannot be done it still stands in the run's output."""
    try:
        yield from run_step(run.ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except (task.TaskFailedError, Throttled, ValueError) as error:
        run.log("result not sent", error=str(error)[:500])
