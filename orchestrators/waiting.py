"""Waits on durable timers: for news until a deadline, or until an order could be given."""

from collections.abc import Callable
from datetime import timedelta

from durabletask import task

from contracts.message import Message
from contracts.reasons import Failure, FailureCode
from contracts.run import Wait
from contracts.steps import Answer, Step
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.machine_run import Failed, MachineRun


def wait_for[T](run: MachineRun, wait: Wait, look: Callable[[], Story[T | None]]) -> Story[T | None]:
    """Look after `wait.first` seconds, then every `wait.every`, until there is news; None at the deadline.

    A look that Azure did not answer is no news: only the deadline ends the wait.
    """
    deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    pause = wait.first
    while True:
        if pause:
            yield run.ctx.create_timer(timedelta(seconds=pause))
        try:
            news = yield from look()
        except (task.TaskFailedError, Throttled) as error:
            run.log("no answer", error=_words(error))
            news = None
        if news is not None:
            return news
        pause = wait.every
        if run.ctx.current_utc_datetime + timedelta(seconds=pause) > deadline:
            return None


def order[I: Message, O: Answer](run: MachineRun, wait: Wait, step: Step[I, O], value: I) -> Story[O]:
    """Give an order, again every `wait.every` seconds while Azure does not answer, until the deadline.

    Only for steps that are safe to run twice. A refusal or failure in the answer ends the story.
    """
    deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    while True:
        try:
            return (yield from ask(run, step, value))
        except (task.TaskFailedError, Throttled) as error:
            run.log("order not answered", step=step.name, error=_words(error))
            if run.ctx.current_utc_datetime + timedelta(seconds=wait.every) > deadline:
                raise Failed(Failure.of(FailureCode.AZURE_UNAVAILABLE, f"{step.name}: {_words(error)}")) from None
        yield run.ctx.create_timer(timedelta(seconds=wait.every))


def ask[I: Message, O: Answer](run: MachineRun, step: Step[I, O], value: I) -> Story[O]:
    """Run a step once; a failure in its answer ends the story."""
    answer = yield from run_step(run.ctx, step, value)
    run.keep(step.name, answer)
    if answer.failure is not None:
        raise Failed(answer.failure)
    return answer


def _words(error: Exception) -> str:
    return str(error.details.message if isinstance(error, task.TaskFailedError) else error)[:500]
