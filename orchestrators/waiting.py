"""The one way to wait: durable timers and tasks, until a deadline, ended by a cancel where one is still heard."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any, Protocol

from durabletask import task

from contracts.polling import LONGEST_PAUSE_SECONDS, Polling
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text

type Poll[T] = Callable[[datetime], Orchestration[T | None]]
"""Looks once; returns a value, or None to be called again. It is given the deadline, for throttled requests."""


class Waits(Protocol):
    """An orchestration, as far as it waits."""

    @property
    def ctx(self) -> task.OrchestrationContext:
        """The engine's context."""
        ...

    def first_of(self, *awaited: task.Task[Any]) -> Orchestration[None]:
        """Wait for the first of these; an orchestration that hears a cancel is ended by it."""
        ...

    def log(self, event: str, **fields: object) -> None:
        """Write one structured log line."""
        ...


def any_of(*awaited: task.Task[Any]) -> Orchestration[None]:
    """Wait for the first of these tasks; one that fails is not raised here."""
    yield task.when_any([*awaited])


def sleep(waits: Waits, seconds: float) -> Orchestration[None]:
    """Wait on a durable timer."""
    yield from waits.first_of(waits.ctx.create_timer(timedelta(seconds=seconds)))


def poll_until[T](waits: Waits, poll: Poll[T], pauses: Iterator[float], until: datetime) -> Orchestration[T | None]:
    """Pause and call `poll`, until it returns a value: return that; None once a pause would pass the deadline.

    The first pause is made in any case. A poll that Azure does not answer returns no value.
    """
    for number, seconds in enumerate(pauses):
        if number and waits.ctx.current_utc_datetime + timedelta(seconds=seconds) > until:
            return None
        if seconds:
            yield from sleep(waits, seconds)
        try:
            found = yield from poll(until)
        except NO_ANSWER as error:
            waits.log("Azure did not answer a poll", error=error_text(error))
            continue
        if found is not None:
            return found
    raise AssertionError("the pauses have no end")


def steady(polling: Polling) -> Iterator[float]:
    """Yield the initial delay, then the interval."""
    return chain([polling.initial_delay_seconds], repeat(polling.interval_seconds))


def growing(*first: float, interval: float) -> Iterator[float]:
    """Yield the first pauses, then the interval, then twice as long each time, up to five minutes."""
    yield from first
    while True:
        yield interval
        interval = min(2 * interval, LONGEST_PAUSE_SECONDS)


def deadline_of(ctx: task.OrchestrationContext, polling: Polling) -> datetime:
    """Return when polling that begins now must end."""
    return ctx.current_utc_datetime + timedelta(seconds=polling.timeout_seconds)
