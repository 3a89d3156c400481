"""Asks, polls and submits for one VM's run: a failure in an answer ends the run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat

from durabletask import task

from contracts.answer import Answer
from contracts.catalog import Activity
from contracts.error_codes import Failure, FailureCode, RefusalCode
from contracts.message import Message
from contracts.polling import Polling
from contracts.resources import Resource, part_of
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.ends import Denied, Failed
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import Poll, deadline_of, poll_until, steady

# A single 404 or 403 may come from a replica that lags behind; a second one, an interval later, counts.
_CONFIRMED_BY_SECOND_READ = frozenset(
    {FailureCode.VM_DELETED, FailureCode.AZURE_REJECTED_REQUEST, FailureCode.DENIED_BY_ASSIGNMENT}
)


def ask[I: Message, O: Answer](
    run: VmRun, activity: Activity[I, O], value: I, until: datetime, *, again: bool = True
) -> Orchestration[O]:
    """Run an activity; a failure in its answer ends the run, and so does a denial. Throttles are waited out.

    A pause of the app is no denial: the run waits, then asks again.
    """
    while True:
        answer = yield from run_activity(run.ctx, activity, value, bearer=run.bearer, until=until, again=again)
        run.journal.answered(activity.name, answer, resource_in(value))
        if answer.denied is None:
            break
        if answer.denied.code is not RefusalCode.APP_PAUSED:
            raise Denied(answer.denied)
        yield from wait_until_allowed(run)
    if answer.failure is not None:
        raise Failed(answer.failure)
    return answer


def resource_in(value: Message) -> str:
    """Return the name of the resource, or of the image version, that a request is about; empty for a VM's own."""
    resource: Resource | None = getattr(value, "resource", None)
    return part_of(resource.name) if resource is not None else str(getattr(value, "id", "")).rpartition("/versions/")[2]


def wait_for[T](
    run: VmRun, wait: Polling, poll: Poll[T], *, pauses: Iterator[float] | None = None
) -> Orchestration[T | None]:
    """Call `poll` until it returns a value, and return that; None at the deadline.

    The first poll comes after `wait.initial_delay_seconds`, the next ones every `wait.interval_seconds`, unless other
    pauses are given. Before each the lifetime of the temporary VM is checked.
    """
    unconfirmed = False

    def confirmed(until: datetime) -> Orchestration[T | None]:
        nonlocal unconfirmed
        run.check_lifetime()
        try:
            found = yield from poll(until)
        except Failed as failed:
            if failed.failure.code not in _CONFIRMED_BY_SECOND_READ or unconfirmed:
                raise
            run.log("poll failed once, to be confirmed by the next one", error=failed.failure.message)
            unconfirmed = True
            return None
        unconfirmed = False
        return found

    return (yield from poll_until(run, confirmed, pauses or steady(wait), deadline_of(run.ctx, wait)))


def at_once(wait: Polling) -> Polling:
    """Return the same polling without its initial delay."""
    return wait.model_copy(update={"initial_delay_seconds": 0})


@dataclass(frozen=True)
class Submission[O: Answer]:
    """The end of a request's attempts: its answer, or a failure.

    `unanswered`: an attempt got no answer, so that Azure may have accepted it.
    """

    answer: O | None
    failure: Failure | None
    unanswered: bool


def try_to_submit[I: Message, O: Answer](
    run: VmRun, wait: Polling, activity: Activity[I, O], value: I
) -> Orchestration[Submission[O]]:
    """Submit a request, again every `wait.interval_seconds` while Azure does not answer, until the deadline.

    Only for activities that are safe to run twice.
    """
    unanswered, last = False, ""

    def attempt(until: datetime) -> Orchestration[O | None]:
        nonlocal unanswered, last
        run.check_lifetime()
        try:
            return (yield from ask(run, activity, value, until, again=False))
        except NO_ANSWER as error:
            unanswered = unanswered or isinstance(error, task.TaskFailedError)
            last = error_text(error)
            run.log("Azure did not answer a request", activity=activity.name, error=last)
            return None

    pauses = chain([0.0], repeat(wait.interval_seconds))
    try:
        answer = yield from poll_until(run, attempt, pauses, deadline_of(run.ctx, wait))
    except Failed as failed:
        return Submission(None, failed.failure, unanswered)
    except Denied as denied:
        if not unanswered:
            raise
        # An attempt without an answer may have been accepted: that is no refusal.
        return Submission(None, denied.as_failure.failure, unanswered)
    if answer is None:
        failure = Failure.of(FailureCode.AZURE_UNAVAILABLE, f"{activity.name}: {last}")
        return Submission(None, failure, unanswered)
    return Submission(answer, None, unanswered)


def submit[I: Message, O: Answer](run: VmRun, wait: Polling, activity: Activity[I, O], value: I) -> Orchestration[O]:
    """Submit a request as `try_to_submit` does; a failure ends the run."""
    submission = yield from try_to_submit(run, wait, activity, value)
    if submission.answer is None:
        assert submission.failure is not None
        raise Failed(submission.failure)
    return submission.answer
