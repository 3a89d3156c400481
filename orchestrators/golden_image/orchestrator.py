"""The orchestration of one VM.

1. Wait while the app is paused. Check the request, and take the VM's lease.
2. Read everything that the run will need, and check it; a dry run ends here. Wait for approval if one is required.
3. Clone: copy the disks, create an isolated VM from them, run the scripts on it. In place: take a rollback snapshot.
4. Request deprovisioning in the guest: the point of no return. For a specialized image, skip to the deallocation.
5. Wait for the guest's report and until the VM has stopped; check the evidence that it was deprovisioned.
6. Deallocate the VM and mark it generalized; each counts only once it was read back from Azure.
7. Publish the image if one is requested: validate it with a VM created from it, promote it, retire older versions.
8. Always: recover the VM after an error, delete temporary resources, release the lease, send the result.
"""

from durabletask import task

from contracts.error_codes import Failure, FailureCode, Refusal
from contracts.redaction import redact
from contracts.request import Mode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from orchestrators.golden_image.approval import wait_for_approval
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.clone import generalize_clone
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Canceled, Failed, NotValidated, Refused
from orchestrators.golden_image.in_place import generalize_in_place
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.preflight import check, check_again
from orchestrators.golden_image.publish import publish
from orchestrators.golden_image.vm_lease import release_lease
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration, Throttled
from orchestrators.send_result import send_result


def golden_image(ctx: task.OrchestrationContext, request: dict[str, object]) -> Orchestration[dict[str, object]]:
    """Create a golden image of one VM; takes a VmJob and returns a VmResult, both as JSON.

    Every way to end is a result: the failure of one VM must not end the batch that started it.
    """
    run = VmRun.begin(ctx, VmJob.model_validate(request))
    result = yield from _run_and_clean_up(run)
    if not run.job.dry_run:
        release_lease(run)
    yield from send_result(run, result)
    return result.model_dump(mode="json", exclude_none=True)


def _run_and_clean_up(run: VmRun) -> Orchestration[VmResult]:
    refusals: tuple[Refusal, ...] = ()
    failure: Failure | None = None
    try:
        outcome = yield from _run_stages(run)
    except Canceled:
        outcome = Outcome.CANCELED
    except Refused as refused:
        outcome, refusals = Outcome.REFUSED, refused.refusals
    except NotValidated as untested:
        outcome, failure = Outcome.NOT_VALIDATED, untested.failure
    except Exception as error:
        # An error in this app must neither leave a stopped VM that is billed nor keep its lease.
        outcome, failure = Outcome.FAILED, _failure_of(error)
    yield from _delete_temporary_resources(run)
    return run.result(outcome, refusals=refusals, failure=failure)


def _run_stages(run: VmRun) -> Orchestration[Outcome]:
    run.enter(Stage.INSPECTING)
    plan = yield from check(run)
    wants_image = run.job.target.image is not None
    if run.job.dry_run:
        return _dry_run_outcome(plan, wants_image=wants_image)
    if plan.already_generalized and not wants_image:
        return Outcome.ALREADY_GENERALIZED
    if run.job.approval is not None:
        run = yield from wait_for_approval(run, run.job.approval)
        yield from wait_until_allowed(run)
        plan = yield from check_again(run, plan)
    run.stop_if_canceled()

    if run.job.target.mode is Mode.CLONE:
        source = yield from generalize_clone(run, plan)
    else:
        source = yield from generalize_in_place(run, plan)
    if not wants_image:
        return Outcome.GENERALIZED

    run.enter(Stage.PUBLISHING)
    yield from publish(plan, source)
    return Outcome.PUBLISHED


def _dry_run_outcome(plan: Plan, *, wants_image: bool) -> Outcome:
    if wants_image:
        return Outcome.WOULD_PUBLISH
    return Outcome.ALREADY_GENERALIZED if plan.already_generalized else Outcome.WOULD_GENERALIZE


def _failure_of(error: Exception) -> Failure:
    match error:
        case Failed() | Throttled():
            return error.failure
        case task.TaskFailedError():
            return Failure.of(FailureCode.AZURE_UNAVAILABLE, error.details.message[:500])
        case _:
            return Failure.of(FailureCode.UNEXPECTED, redact(f"{type(error).__name__}: {error}")[:500])


def _delete_temporary_resources(run: VmRun) -> Orchestration[None]:
    temporary = run.created.temporary()
    if not temporary:
        return
    if run.stage is not Stage.CLEANING_UP:
        run.enter(Stage.CLEANING_UP)
    try:
        yield from delete_resources(run, temporary)
    except Exception as error:
        # Whatever the error is, it must not hide why the run ended; the lease is released and the result sent.
        run.log("cleaning up failed", error=redact(f"{type(error).__name__}: {error}")[:500])
