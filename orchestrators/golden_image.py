"""The story of one machine.

1. Judge what can be judged before Azure is asked.
2. Take the machine's lease: one run a machine at a time.
3. Inspect the machine and judge it; a dry run ends here.
4. Order the guest to seal itself: the point of no return.
5. Wait for the guest's report, then until the power state reports stopped.
6. Judge how it stopped, and on what evidence.
7. Deallocate, and wait until the power state says so.
8. Mark it generalized, and read that it is.
9. Whatever went wrong: look after the machine, give the lease back, say what came of it.
"""

from durabletask import task

from contracts.machine_steps import SendResult
from contracts.reasons import Failure, FailureCode, Refusal
from contracts.redaction import redact
from contracts.results import MachineResult, Outcome, result_text
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import SEND_RESULT
from orchestrators.aftermath import look_after
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.in_place import (
    deallocate,
    generalize,
    inspect,
    order_deprovision,
    prove,
    wait_for_report,
    wait_until_stopped,
)
from orchestrators.machine_lease import give_lease_back, look_at_lease, take_lease
from orchestrators.machine_run import Canceled, Failed, MachineRun, Refused
from policy.verdict import judge_machine, judge_request


def golden_image(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object]]:
    """Generalize one machine; takes a MachineJob and gives a MachineResult, both as JSON.

    Every way to end is a result: a failure of one machine must not end the batch that asked for it.
    """
    job = MachineJob.model_validate(request)
    run = MachineRun(ctx, job)
    nonce = ctx.new_uuid().replace("-", "")
    result = yield from _told_to_the_end(run, nonce)
    if not job.dry_run:
        give_lease_back(run)
    yield from _send(run, result)
    return result.model_dump(mode="json", exclude_none=True)


def _told_to_the_end(run: MachineRun, nonce: str) -> Story[MachineResult]:
    try:
        return run.result((yield from _story(run, nonce)))
    except Canceled:
        return run.result(Outcome.CANCELED)
    except Refused as refused:
        yield from _clean_up(run, nonce, failed=False)
        return run.result(Outcome.REFUSED, refusals=refused.refusals)
    except Failed as failed:
        failure = failed.failure
    except Throttled as throttled:
        failure = throttled.failure
    except task.TaskFailedError as error:
        failure = Failure.of(FailureCode.AZURE_UNAVAILABLE, error.details.message[:500])
    except Exception as error:
        # A fault of ours must neither leave a stopped machine billed nor keep its lease.
        failure = Failure.of(FailureCode.UNEXPECTED, redact(f"{type(error).__name__}: {error}")[:500])
    if failure.code not in {FailureCode.MACHINE_GONE, FailureCode.MACHINE_REPLACED}:
        yield from _clean_up(run, nonce, failed=True)
    return run.result(Outcome.FAILED, failure=failure)


def _story(run: MachineRun, nonce: str) -> Story[Outcome]:
    run.enter(Stage.INSPECTING)
    refusals = judge_request(run.job)
    if refusals and not run.job.dry_run:
        raise Refused(*refusals)
    run.stop_if_canceled()
    refusals += yield from _lease(run)
    facts = yield from inspect(run)
    verdict = judge_machine(run.job, facts)
    if refusals or verdict.refusals:
        raise Refused(*refusals, *verdict.refusals)
    if verdict.already_generalized:
        return Outcome.ALREADY_GENERALIZED
    if run.job.dry_run:
        return Outcome.WOULD_GENERALIZE
    run.stop_if_canceled()

    run.enter(Stage.DEPROVISIONING)
    yield from order_deprovision(run, nonce)
    yield from wait_for_report(run, nonce)

    run.enter(Stage.STOPPING)
    power_state = yield from wait_until_stopped(run)
    yield from prove(run, nonce, power_state)

    run.enter(Stage.DEALLOCATING)
    yield from deallocate(run)

    run.enter(Stage.GENERALIZING)
    yield from generalize(run)
    return Outcome.GENERALIZED


def _lease(run: MachineRun) -> Story[tuple[Refusal, ...]]:
    if run.job.dry_run:
        return (yield from look_at_lease(run))
    yield from take_lease(run)
    return ()


def _clean_up(run: MachineRun, nonce: str, *, failed: bool) -> Story[None]:
    """Look after the machine once something was ordered; what fails here must not hide why the run ended."""
    if not run.ordered:
        return
    run.enter(Stage.CLEANING_UP)
    try:
        yield from look_after(run, nonce, failed=failed)
    except (Failed, Throttled, task.TaskFailedError) as error:
        run.log("clean-up not complete", error=str(error)[:500])


def _send(run: MachineRun, result: MachineResult) -> Story[None]:
    """Put the result on the queue; if that cannot be done it still stands in the run's output."""
    try:
        yield from run_step(run.ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except (task.TaskFailedError, Throttled, ValueError) as error:
        run.log("result not sent", error=str(error)[:500])
