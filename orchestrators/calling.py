"""Calls a step by its name in the catalogue, typed, and waits out Azure's throttles on durable timers."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.message import Message
from contracts.reasons import Failure, FailureCode
from contracts.steps import Step

type Story[T] = Generator[task.Task[Any], Any, T]

# Attempts and backoff only: retry_timeout compares history with the real clock and breaks replay.
_RETRY = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=5),
    max_number_of_attempts=4,
    backoff_coefficient=2.0,
    max_retry_interval=timedelta(seconds=60),
)
_MOST_THROTTLES = 20


def run_step[I: Message, O: Answer](
    ctx: task.OrchestrationContext,
    step: Step[I, O],
    value: I,
    *,
    until: datetime | None = None,
    again: bool = True,
) -> Story[O]:
    """Run one activity and give its answer; TaskFailedError once its attempts are used up (`again`: four).

    A throttled answer is asked for again after Azure's own Retry-After, at most 20 times and not past `until`;
    then Throttled.
    """
    payload = value.model_dump(mode="json", exclude_none=True)
    for _ in range(_MOST_THROTTLES):
        raw: object = yield ctx.call_activity(step.name, input=payload, retry_policy=_RETRY if again else None)
        seconds = Answer.model_validate(raw).try_again_after
        if seconds is None:
            return step.gives.model_validate(raw)
        if until is not None and ctx.current_utc_datetime + timedelta(seconds=seconds) > until:
            break
        yield ctx.create_timer(timedelta(seconds=seconds))
    raise Throttled(step.name)


class Throttled(Exception):
    """Azure kept asking to wait; `failure` is what the run says of it."""

    def __init__(self, step: str) -> None:
        """Name the step that was throttled."""
        self.failure = Failure.of(
            FailureCode.AZURE_UNAVAILABLE, f"{step}: Azure asked to wait for longer than the stage may last"
        )
        super().__init__(self.failure.message)
