"""Calls an activity by its entry in the catalogue, with types, and waits on durable timers when Azure throttles."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.authority import Bearer
from contracts.catalog import Activity
from contracts.error_codes import Failure, FailureCode
from contracts.message import Message
from contracts.polling import RETRY_ATTEMPTS, RETRY_FIRST, RETRY_LONGEST, THROTTLED_ATTEMPTS

type Orchestration[T] = Generator[task.Task[Any], Any, T]

# Attempts and backoff only: retry_timeout compares history with the real clock and breaks replay.
_RETRY = task.RetryPolicy(
    first_retry_interval=RETRY_FIRST,
    max_number_of_attempts=RETRY_ATTEMPTS,
    backoff_coefficient=2.0,
    max_retry_interval=RETRY_LONGEST,
)


class Throttled(Exception):
    """Azure kept throttling; `failure` is what the run reports."""

    def __init__(self, activity: str) -> None:
        """Name the activity that was throttled."""
        self.failure = Failure.of(
            FailureCode.AZURE_UNAVAILABLE,
            f"{activity}: Azure throttled for longer than the stage may last; send the request again later",
        )
        super().__init__(self.failure.message)


NO_ANSWER = (task.TaskFailedError, Throttled)
"""What `run_activity` raises when Azure did not answer: its attempts are used up, or it kept throttling."""


def run_activity[I: Message, O: Answer](
    ctx: task.OrchestrationContext,
    activity: Activity[I, O],
    value: I,
    *,
    bearer: Bearer | None = None,
    until: datetime | None = None,
    again: bool = True,
) -> Orchestration[O]:
    """Run one activity and return its answer; TaskFailedError once its attempts are used up (`again`: four).

    An activity that changes something needs a `bearer`. A throttled request is sent again after Azure's Retry-After, at
    most 20 times and not past `until`; then Throttled.
    """
    payload = value.model_dump(mode="json", exclude_none=True)
    if activity.changes is not None and bearer is not None:
        payload |= bearer.model_dump(mode="json", exclude_none=True)
    for _ in range(THROTTLED_ATTEMPTS):
        raw: object = yield ctx.call_activity(activity.name, input=payload, retry_policy=_RETRY if again else None)
        seconds = Answer.model_validate(raw).try_again_after
        if seconds is None:
            return activity.gives.model_validate(raw)
        if until is not None and ctx.current_utc_datetime + timedelta(seconds=seconds) > until:
            break
        yield ctx.create_timer(timedelta(seconds=seconds))
    raise Throttled(activity.name)


def error_text(error: Exception) -> str:
    """Return the text of an error, at most 500 characters."""
    return str(error.details.message if isinstance(error, task.TaskFailedError) else error)[:500]
