"""Polls with durable timers until a deadline, and submits requests until Azure answers."""

from collections.abc import Callable
from datetime import timedelta

from durabletask import task

from contracts.answer import Answer
from contracts.catalog import Activity
from contracts.error_codes import Failure, FailureCode
from contracts.message import Message
from contracts.run import Polling
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.vm_run import Failed, VmRun

_LONGEST_PAUSE = 300
# A single 404 or 403 may come from a replica that lags behind; a second one, an interval later, counts.
_CONFIRMED_BY_SECOND_READ = frozenset({FailureCode.VM_DELETED, FailureCode.AZURE_REJECTED_REQUEST})


def wait_for[T](
    run: VmRun, wait: Polling, poll: Callable[[], Orchestration[T | None]], *, ever_slower: bool = False
) -> Orchestration[T | None]:
    """Call `poll` until it returns a value, and return that; None at the deadline.

    The first poll comes after `wait.initial_delay_seconds`, the next ones every `wait.interval_seconds`. A poll that
    Azure does not answer returns no value. `ever_slower`: each pause is twice the last, up to five minutes.
    """
    run.deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.timeout_seconds)
    pause, unconfirmed = wait.initial_delay_seconds, False
    while True:
        if pause:
            yield from run.pause(pause)
        _check_lifetime(run)
        try:
            found = yield from poll()
            unconfirmed = False
        except (task.TaskFailedError, Throttled) as error:
            run.log("Azure did not answer a poll", error=error_text(error))
            found = None
        except Failed as failed:
            if failed.failure.code not in _CONFIRMED_BY_SECOND_READ or unconfirmed:
                raise
            run.log("poll failed once, to be confirmed by the next one", error=failed.failure.message)
            found, unconfirmed = None, True
        if found is not None:
            return found
        pause = min(2 * pause, _LONGEST_PAUSE) if ever_slower and pause else wait.interval_seconds
        if run.ctx.current_utc_datetime + timedelta(seconds=pause) > run.deadline:
            return None


def submit[I: Message, O: Answer](run: VmRun, wait: Polling, activity: Activity[I, O], value: I) -> Orchestration[O]:
    """Submit a request, again every `wait.interval_seconds` while Azure does not answer, until the deadline.

    Only for activities that are safe to run twice. A failure in the answer ends the run. `run.unanswered`: an attempt
    got no answer, so that Azure may have accepted it.
    """
    run.deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.timeout_seconds)
    run.unanswered = False
    while True:
        _check_lifetime(run)
        try:
            return (yield from ask(run, activity, value, again=False))
        except (task.TaskFailedError, Throttled) as error:
            run.unanswered = run.unanswered or isinstance(error, task.TaskFailedError)
            run.log("Azure did not answer a request", activity=activity.name, error=error_text(error))
            if run.ctx.current_utc_datetime + timedelta(seconds=wait.interval_seconds) > run.deadline:
                raise Failed(
                    Failure.of(FailureCode.AZURE_UNAVAILABLE, f"{activity.name}: {error_text(error)}")
                ) from None
        yield from run.pause(wait.interval_seconds)


def _check_lifetime(run: VmRun) -> None:
    """Limit the lifetime of a temporary VM: it costs money and holds a copy of the source's disk."""
    if run.ceiling is not None and run.ctx.current_utc_datetime > run.ceiling:
        hours = run.job.settings.temporary_vm_max_hours
        message = f"the temporary VM may live for {hours} h, and the run is still in the stage {run.stage}"
        raise Failed(Failure.of(FailureCode.TEMPORARY_VM_LIFETIME_EXCEEDED, message))


def ask[I: Message, O: Answer](
    run: VmRun, activity: Activity[I, O], value: I, *, again: bool = True
) -> Orchestration[O]:
    """Run an activity; a failure in its answer ends the run. Throttles are waited out until the stage's deadline."""
    answer = yield from run_activity(run.ctx, activity, value, until=run.deadline, again=again)
    run.keep(activity.name, answer)
    if answer.failure is not None:
        raise Failed(answer.failure)
    return answer


def error_text(error: Exception) -> str:
    """Return the text of an error, at most 500 characters."""
    return str(error.details.message if isinstance(error, task.TaskFailedError) else error)[:500]
