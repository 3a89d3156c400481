"""Plain durabletask programs with a known outcome: fan-out, timers, events, entities, locks."""

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.worker import TaskHubGrpcWorker

from tools.crash_test.journal import Journal, Line

TALLY = "tally"
MARK = "mark"
ITEM_EVENT = "item"
_EARLY = timedelta(seconds=1)
_ITEMS_AN_EXECUTION = 4

type Program = Generator[task.Task[Any], Any, Any]


def register(worker: TaskHubGrpcWorker, journal: Journal) -> None:
    """Register the programs with a worker, and an activity that writes a line to the journal."""
    programs: list[Callable[[task.OrchestrationContext, Any], Program]] = [fan_out, branch, sleeper, collector, teller]
    for program in programs:
        worker.add_orchestrator(program)
    worker.add_entity(tally)
    worker.add_activity(marking(journal))


def marking(journal: Journal) -> Callable[[task.ActivityContext, int], int]:
    """Return the activity `mark`: it writes a line to the journal and returns its input."""

    def mark(ctx: task.ActivityContext, value: int) -> int:
        journal.write(Line("effect", ctx.orchestration_id, "", ctx.task_id, MARK))
        return value

    return mark


def fan_out(ctx: task.OrchestrationContext, branches: int) -> Program:
    """Run `branches` sub-orchestrations in parallel; return the sum of their outputs (see `fan_out_sum`)."""
    given = yield task.when_all([ctx.call_sub_orchestrator(branch, input=number) for number in range(branches)])
    return sum(given)


def branch(ctx: task.OrchestrationContext, number: int) -> Program:
    """Run an activity, wait five seconds, run another; return twice the number plus one."""
    first = yield ctx.call_activity(MARK, input=number)
    yield ctx.create_timer(timedelta(seconds=5))
    second = yield ctx.call_activity(MARK, input=number + 1)
    return first + second


def fan_out_sum(branches: int) -> int:
    """Return the expected output of `fan_out`."""
    return branches * branches


def sleeper(ctx: task.OrchestrationContext, seconds: list[int]) -> Program:
    """Wait again and again, an activity after each; return the waits in order, and how many timers fired too early.

    A timer may fire up to a second early on Azure Storage, which hides its message for whole seconds.
    """
    woken: list[int] = []
    early = 0
    for wait in seconds:
        due = ctx.current_utc_datetime + timedelta(seconds=wait)
        yield ctx.create_timer(due)
        early += ctx.current_utc_datetime < due - _EARLY
        woken.append((yield ctx.call_activity(MARK, input=wait)))
    return {"woken": woken, "early": early}


def collector(ctx: task.OrchestrationContext, so_far: list[int]) -> Program:
    """Take items until all are there; continues as new every few items, so that waiting events are carried over.

    A negative item is the number of items. It need not come last: what a killed host had taken is hidden for a
    while, and newer events overtake it.
    """
    items = list(so_far)
    for _ in range(_ITEMS_AN_EXECUTION):
        item: int = yield ctx.wait_for_external_event(ITEM_EVENT)
        items.append(item if item < 0 else (yield ctx.call_activity(MARK, input=item)))
        found = {each for each in items if each >= 0}
        if any(each == -len(found) for each in items):
            return [each for each in items if each >= 0]
    ctx.continue_as_new(items, save_events=True)
    return None


def teller(ctx: task.OrchestrationContext, accounts: list[str]) -> Program:
    """Add one to each account: by a call, and by reading and writing under a lock of all of them."""
    entities = [EntityInstanceId(TALLY, account) for account in accounts]
    for entity in entities:
        yield ctx.call_entity(entity, "add", 1)
    with (yield ctx.lock_entities(entities)):
        for entity in entities:
            held: int = yield ctx.call_entity(entity, "get")
            yield ctx.call_activity(MARK, input=held)
            yield ctx.call_entity(entity, "put", held + 1)
    return len(accounts)


ADDED_BY_A_TELLER = 2
"""By how much one teller raises each of its accounts."""


def tally(ctx: EntityContext, value: int | None) -> int:
    """Hold a number: `add`, `put`, `get`; return the number."""
    held = ctx.get_state(int, 0)
    if ctx.operation == "add":
        held += value or 0
    if ctx.operation == "put":
        held = value or 0
    ctx.set_state(held)
    return held
