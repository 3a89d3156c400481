"""The orchestration of one VM.

1. Check the request, and take the VM's lease.
2. Read everything that the run will need, and check it; a dry run ends here. Wait for approval if one is required.
3. Clone: copy the disks, create an isolated VM from them, run the scripts on it. In place: take a rollback snapshot.
4. Request deprovisioning in the guest: the point of no return. For a specialized image, skip to the deallocation.
5. Wait for the guest's report and until the VM has stopped; check the evidence that it was deprovisioned.
6. Deallocate the VM and mark it generalized; each counts only once it was read back from Azure.
7. Publish the image if one is requested: validate it with a VM created from it, promote it, retire older versions.
8. Always: recover the VM after an error, delete temporary resources, release the lease, send the result.
"""

from durabletask import task

from contracts.activities.vm import SendResult
from contracts.catalog import SEND_RESULT
from contracts.error_codes import Failure, FailureCode
from contracts.facts import GuestIdentity
from contracts.redaction import redact
from contracts.results import Outcome, VmResult, result_text
from contracts.run import VmJob
from contracts.stages import BEFORE_NO_RETURN, Stage
from orchestrators.approval import wait_for_approval
from orchestrators.cloning import create_clone
from orchestrators.customize import keep_rollback_snapshot, run_scripts, take_rollback_snapshot
from orchestrators.delete_resources import delete_resources
from orchestrators.deprovision import check_deprovisioned, request_deprovision, wait_for_report
from orchestrators.power import deallocate, generalize, wait_until_stopped
from orchestrators.preflight import Plan, check, check_again
from orchestrators.publishing import publish, read_identity_for_validation
from orchestrators.recovery import recover
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.vm_lease import release_lease
from orchestrators.vm_run import Canceled, Failed, Refused, VmRun

_BEFORE_GUEST_IS_CHANGED = BEFORE_NO_RETURN | {Stage.DEPROVISIONING}


def golden_image(ctx: task.OrchestrationContext, request: dict[str, object]) -> Orchestration[dict[str, object]]:
    """Create a golden image of one VM; takes a VmJob and returns a VmResult, both as JSON.

    Every way to end is a result: the failure of one VM must not end the batch that started it.
    """
    run = VmRun(ctx, VmJob.model_validate(request))
    result = yield from _run_and_clean_up(run)
    if not run.job.dry_run:
        release_lease(run)
    yield from _send(run, result)
    return result.model_dump(mode="json", exclude_none=True)


def _run_and_clean_up(run: VmRun) -> Orchestration[VmResult]:
    try:
        outcome = yield from _run_stages(run)
    except Canceled:
        yield from _clean_up(run)
        return run.result(Outcome.CANCELED)
    except Refused as refused:
        if run.guest_refused or run.stage in _BEFORE_GUEST_IS_CHANGED:
            yield from _clean_up(run)
            return run.result(Outcome.REFUSED, refusals=refused.refusals)
        # Once the VM is deprovisioned a refusal is a failure to publish: the VM was changed.
        reasons = "; ".join(f"{refusal.code}: {refusal.message}" for refusal in refused.refusals)
        failure = Failure.of(FailureCode.PUBLISH_FAILED, reasons[:500])
    except Failed as failed:
        failure = failed.failure
    except Throttled as throttled:
        failure = throttled.failure
    except task.TaskFailedError as error:
        failure = Failure.of(FailureCode.AZURE_UNAVAILABLE, error.details.message[:500])
    except Exception as error:
        # An error in this app must neither leave a stopped VM that is billed nor keep its lease.
        failure = Failure.of(FailureCode.UNEXPECTED, redact(f"{type(error).__name__}: {error}")[:500])
    else:
        yield from _clean_up(run)
        return run.result(outcome)
    yield from _clean_up(run, failure)
    return run.result(Outcome.FAILED, failure=failure)


def _run_stages(run: VmRun) -> Orchestration[Outcome]:
    run.enter(Stage.INSPECTING)
    plan = yield from check(run)
    wants_image = run.job.target.image is not None
    if run.job.dry_run:
        return _dry_run_outcome(plan, wants_image=wants_image)
    if plan.already_generalized and not wants_image:
        return Outcome.ALREADY_GENERALIZED
    if (yield from wait_for_approval(run)):
        plan = yield from check_again(run, plan)
    run.stop_if_canceled()

    source_identity = None
    if not plan.already_generalized:
        source_identity = yield from _clone_and_customize(run, plan)
        yield from _deprovision_and_generalize(run, plan)
    if not wants_image:
        return Outcome.GENERALIZED

    run.enter(Stage.PUBLISHING)
    yield from publish(run, plan, source_identity)
    return Outcome.PUBLISHED


def _dry_run_outcome(plan: Plan, *, wants_image: bool) -> Outcome:
    if wants_image:
        return Outcome.WOULD_PUBLISH
    return Outcome.ALREADY_GENERALIZED if plan.already_generalized else Outcome.WOULD_GENERALIZE


def _clone_and_customize(run: VmRun, plan: Plan) -> Orchestration[GuestIdentity | None]:
    """Do everything that can still be rolled back; return the VM's identity if its image will be validated."""
    if run.clones:
        run.enter(Stage.CLONING)
        yield from create_clone(run, plan)
    run.enter(Stage.CUSTOMIZING)
    yield from run_scripts(run, plan.scripts)
    identity = yield from read_identity_for_validation(run, plan)
    if not run.clones and run.job.target.rollback_snapshot:
        yield from take_rollback_snapshot(run)
    run.stop_if_canceled()
    return identity


def _deprovision_and_generalize(run: VmRun, plan: Plan) -> Orchestration[None]:
    """Deprovision, deallocate and generalize the VM; for a specialized image it is only deallocated."""
    if plan.specialized:
        run.enter(Stage.DEALLOCATING)
        return (yield from deallocate(run, even_running=True))

    run.enter(Stage.DEPROVISIONING)
    yield from request_deprovision(run)
    yield from wait_for_report(run)

    run.enter(Stage.STOPPING)
    power_state = yield from wait_until_stopped(run)
    yield from check_deprovisioned(run, power_state)

    run.enter(Stage.DEALLOCATING)
    yield from deallocate(run)

    run.enter(Stage.GENERALIZING)
    yield from generalize(run)


def _clean_up(run: VmRun, failure: Failure | None = None) -> Orchestration[None]:
    """Recover the VM if deprovisioning was requested and it is not generalized; delete the temporary resources.

    The rollback snapshot is kept once deprovisioning was requested, unless the guest refused. An error in here must not
    hide why the run ended.
    """
    vm_gone = failure is not None and failure.code in {FailureCode.VM_DELETED, FailureCode.VM_REPLACED}
    generalized = run.vm is not None and run.vm.generalized
    needs_recovery = run.submitted and not vm_gone and not generalized
    if run.submitted and not run.guest_refused:
        keep_rollback_snapshot(run)
    if not needs_recovery and not run.resources:
        return
    run.enter(Stage.CLEANING_UP)
    run.ceiling = None
    if needs_recovery:
        yield from _log_errors(run, recover(run, failed=failure is not None))
    yield from _log_errors(run, delete_resources(run, run.resources))


def _log_errors(run: VmRun, work: Orchestration[None]) -> Orchestration[None]:
    try:
        yield from work
    except Exception as error:
        # Whatever the error is, the rest must still be deleted, the lease released and the result sent.
        run.log("cleaning up failed", error=redact(f"{type(error).__name__}: {error}")[:500])


def _send(run: VmRun, result: VmResult) -> Orchestration[None]:
    """Put the result on the queue; if that fails, it is still in the output of the orchestration."""
    try:
        yield from run_activity(run.ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except (task.TaskFailedError, Throttled, ValueError) as error:
        run.log("result not sent", error=str(error)[:500])
