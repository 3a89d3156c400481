"""Waits on durable timers: for news until a deadline, or until an order could be given."""

from collections.abc import Callable
from datetime import timedelta

from durabletask import task

from contracts.answer import Answer
from contracts.message import Message
from contracts.reasons import Failure, FailureCode
from contracts.run import Wait
from contracts.steps import Step
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.machine_run import Failed, MachineRun

_LONGEST_PAUSE = 300
# A single 404 or 403 in a look may be a lie of a replica; twice, an interval apart, it is believed.
_DOUBTED = frozenset({FailureCode.MACHINE_GONE, FailureCode.ORDER_REFUSED})


def wait_for[T](
    run: MachineRun, wait: Wait, look: Callable[[], Story[T | None]], *, ever_slower: bool = False
) -> Story[T | None]:
    """Look after `wait.first` seconds, then every `wait.every`, until there is news; None at the deadline.

    A look that Azure did not answer is no news: only the deadline ends the wait. `ever_slower`: each pause is twice
    the last, up to five minutes.
    """
    run.deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    pause, doubted = wait.first, False
    while True:
        if pause:
            yield from run.pause(pause)
        _not_too_old(run)
        try:
            news = yield from look()
            doubted = False
        except (task.TaskFailedError, Throttled) as error:
            run.log("no answer", error=words(error))
            news = None
        except Failed as failed:
            if failed.failure.code not in _DOUBTED or doubted:
                raise
            run.log("doubted", error=failed.failure.message)
            news, doubted = None, True
        if news is not None:
            return news
        pause = min(2 * pause, _LONGEST_PAUSE) if ever_slower and pause else wait.every
        if run.ctx.current_utc_datetime + timedelta(seconds=pause) > run.deadline:
            return None


def order[I: Message, O: Answer](run: MachineRun, wait: Wait, step: Step[I, O], value: I) -> Story[O]:
    """Give an order, again every `wait.every` seconds while Azure does not answer, until the deadline.

    Only for steps that are safe to run twice. A failure in the answer ends the story. `run.unanswered` tells
    whether an attempt got no answer: such an order may stand.
    """
    run.deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    run.unanswered = False
    while True:
        _not_too_old(run)
        try:
            return (yield from ask(run, step, value, again=False))
        except (task.TaskFailedError, Throttled) as error:
            run.unanswered = run.unanswered or isinstance(error, task.TaskFailedError)
            run.log("order not answered", step=step.name, error=words(error))
            if run.ctx.current_utc_datetime + timedelta(seconds=wait.every) > run.deadline:
                raise Failed(Failure.of(FailureCode.AZURE_UNAVAILABLE, f"{step.name}: {words(error)}")) from None
        yield from run.pause(wait.every)


def _not_too_old(run: MachineRun) -> None:
    """Temporary machines cost money and hold a copy of somebody's disk: there is a ceiling on their life."""
    if run.ceiling is not None and run.ctx.current_utc_datetime > run.ceiling:
        hours = run.job.settings.temporary_hours
        message = f"after {hours} h the run had come no further than {run.stage}"
        raise Failed(Failure.of(FailureCode.TEMPORARY_TOO_OLD, message))


def ask[I: Message, O: Answer](run: MachineRun, step: Step[I, O], value: I, *, again: bool = True) -> Story[O]:
    """Run a step; a failure in its answer ends the story. Throttles are waited out to the stage's deadline."""
    answer = yield from run_step(run.ctx, step, value, until=run.deadline, again=again)
    run.keep(step.name, answer)
    if answer.failure is not None:
        raise Failed(answer.failure)
    return answer


def words(error: Exception) -> str:
    """Give what an error says, at most 500 characters."""
    return str(error.details.message if isinstance(error, task.TaskFailedError) else error)[:500]
