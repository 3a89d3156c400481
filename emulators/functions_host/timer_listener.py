"""The timer trigger: fires one function on its schedule, one run at a time."""

import asyncio
import json
from datetime import datetime, timedelta

from emulators.functions_host.clock import Clock
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.function_catalog import Function
from emulators.functions_host.invoker import Invoker, Outcome
from emulators.functions_host.timer_schedule import Schedule, parse_schedule
from emulators.functions_host.timer_status import TimerStatus, TimerStatusStore
from emulators.functions_host.worker_protocol import TypedData


class TimerListener:
    """One timer.

    An occurrence missed while the host was down (with use_monitor) or while the last run lasted too long fires
    once, at once, as past due; other missed occurrences are skipped.
    """

    def __init__(self, function: Function, invoker: Invoker, clock: Clock, store: TimerStatusStore) -> None:
        """Reads the trigger.

        Raises:
            ConfigurationError: its schedule cannot be read.
        """
        trigger = function.trigger
        assert trigger is not None
        self.function = function
        self._schedule: Schedule = _schedule_of(function)
        self._run_on_startup = trigger.flag("runOnStartup", default=False)
        self._monitored = trigger.flag("useMonitor", default=True) and _is_rare(self._schedule, clock.now())
        self._invoker = invoker
        self._clock = clock
        self._store = store
        self._loop_task: asyncio.Task[None] | None = None
        self._firing = asyncio.Lock()
        self._status = TimerStatus(None, clock.now(), clock.now())

    async def start(self) -> None:
        """Begins to follow the schedule."""
        now = self._clock.now()
        stored = self._store.read(self.function.name) if self._monitored else None
        if stored is None or not self._is_of_schedule(stored):
            stored = TimerStatus(stored.last if stored else None, self._schedule.next_after(now), now)
        self._status = stored
        self._keep()
        self._loop_task = asyncio.create_task(self._follow(), name=f"timer {self.function.name}")

    async def stop(self) -> None:
        """Fires no more; a run that has begun continues in the invoker."""
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)

    async def fire(self, *, past_due: bool, reason: str) -> Outcome:
        """Runs the function now, after a run that has begun."""
        async with self._firing:
            return await self._invoker.run(self.function, self._request(past_due=past_due), reason=reason)

    async def _follow(self) -> None:
        if self._run_on_startup and self._status.next > self._clock.now():
            await self.fire(past_due=False, reason="Timer fired at start-up")
        late = self._status.next <= self._clock.now()
        while True:
            due = self._status.next
            await self._clock.sleep_until(due)
            # Stored before the run: a host that is killed in it does not run the occurrence twice.
            self._status = TimerStatus(due, self._following(due), self._clock.now())
            self._keep()
            await self.fire(past_due=late, reason="Timer fired")
            late = self._status.next <= self._clock.now()

    def _following(self, due: datetime) -> datetime:
        """The occurrence after `due`; those already missed are skipped, this run replaces all of them."""
        following = self._schedule.next_after(due)
        now = self._clock.now()
        return following if following > now else self._schedule.next_after(now)

    def _is_of_schedule(self, stored: TimerStatus) -> bool:
        """False when the schedule was changed since: what the old one missed is skipped."""
        bases = (stored.last or stored.updated, stored.updated)
        return any(stored.next == self._schedule.next_after(base) for base in bases)

    def _keep(self) -> None:
        if self._monitored:
            self._store.write(self.function.name, self._status)

    def _request(self, *, past_due: bool) -> TypedData:
        document = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": self._status.as_json(),
            "IsPastDue": past_due,
        }
        return TypedData(json=json.dumps(document))


def _is_rare(schedule: Schedule, now: datetime) -> bool:
    """Timers that fire more than once a minute are never monitored.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#attributes
    """
    first = schedule.next_after(now)
    return schedule.next_after(first) - first >= timedelta(minutes=1)


def _schedule_of(function: Function) -> Schedule:
    trigger = function.trigger
    text = trigger.text("schedule") if trigger else None
    if text is None:
        raise ConfigurationError(f"function {function.name}: its timer trigger has no schedule")
    try:
        return parse_schedule(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"function {function.name}: {error}") from error
