"""Orchestrators of activities, retries, sub-orchestrations and timers, and their activities."""

from collections import Counter
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

type Steps = Generator[task.Task[Any], Any, Any]

blueprint = df.Blueprint()
# In this process: the attempts of each key.
_tries: Counter[str] = Counter()


class OutOfStock(Exception):
    """What an activity raises."""


@blueprint.orchestration_trigger(context_name="context")
def chain(context: task.OrchestrationContext, number: int) -> Steps:
    """Call two activities one after the other."""
    doubled = yield context.call_activity("double", input=number)
    return (yield context.call_activity("plus_one", input=doubled))


@blueprint.activity_trigger(input_name="number")
def double(number: int) -> int:
    """Double a number."""
    return number * 2


@blueprint.activity_trigger(input_name="number", activity="plus_one")
async def add_one(number: int) -> int:
    """Add one; its name is not the function's."""
    return number + 1


@blueprint.orchestration_trigger(context_name="context")
def fan_out(context: task.OrchestrationContext, count: int) -> Steps:
    """Call many activities at once and add their results."""
    tasks: list[task.Task[Any]] = [context.call_activity("double", input=number) for number in range(count)]
    return sum((yield task.when_all(tasks)))


@blueprint.activity_trigger(input_name="text")
def refuse(text: str) -> None:
    """Raise an error with the text."""
    raise OutOfStock(text)


@blueprint.orchestration_trigger(context_name="context")
def describe_failure(context: task.OrchestrationContext, call: dict[str, Any]) -> Steps:
    """Return what the caller sees of a failed activity."""
    try:
        yield context.call_activity(call["activity"], input=call["input"])
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}
    return "did not fail"


@blueprint.orchestration_trigger(context_name="context")
def raises(context: task.OrchestrationContext, text: str) -> Steps:
    """Fail after a turn."""
    yield context.call_activity("double", input=1)
    raise ValueError(text)


@blueprint.orchestration_trigger(context_name="context")
def retry(context: task.OrchestrationContext, call: dict[str, Any]) -> Steps:
    """Call an activity that succeeds at its n-th attempt, with a policy of so many attempts."""
    policy = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=1), max_number_of_attempts=call["attempts"], backoff_coefficient=1
    )
    return (yield context.call_activity("succeed_at", input=call["call"], retry_policy=policy))


@blueprint.activity_trigger(input_name="call")
def succeed_at(call: str) -> int:
    """Count the attempts of a key; raise before the requested one. `call` is "KEY NUMBER"."""
    key, succeeds = call.split()
    _tries[key] += 1
    tried = _tries[key]
    if tried < int(succeeds):
        raise OutOfStock(f"try {tried}")
    return tried


@blueprint.orchestration_trigger(context_name="context")
def fail_once(context: task.OrchestrationContext, key: str) -> Steps:
    """Fail at the first attempt of the key's activity, after one that succeeds."""
    first = yield context.call_activity("count_call", input=f"{key}-first")
    yield context.call_activity("succeed_at", input=f"{key} 2")
    return {"first": first, "again": (yield context.call_activity("count_call", input=f"{key}-first"))}


@blueprint.activity_trigger(input_name="key")
def count_call(key: str) -> int:
    """Count the calls of a key."""
    _tries[key] += 1
    return _tries[key]


@blueprint.orchestration_trigger(context_name="context")
def parent(context: task.OrchestrationContext, children: int) -> Steps:
    """Start sub-orchestrations at once; add their results."""
    tasks: list[task.Task[Any]] = [context.call_sub_orchestrator("chain", input=number) for number in range(children)]
    return sum((yield task.when_all(tasks)))


@blueprint.orchestration_trigger(context_name="context")
def parent_of_failing(context: task.OrchestrationContext, text: str) -> Steps:
    """Return what the caller sees of a child that fails."""
    try:
        yield context.call_sub_orchestrator("raises", input=text)
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}
    return "did not fail"


@blueprint.orchestration_trigger(context_name="context")
def parent_of_waiting(context: task.OrchestrationContext, child: str) -> Steps:
    """Wait for a child of that id that waits for an event."""
    return (yield context.call_sub_orchestrator("wait_for_go", instance_id=child))


@blueprint.orchestration_trigger(context_name="context")
def sleep(context: task.OrchestrationContext, seconds: list[float]) -> Steps:
    """Sleep so long one after the other; return how long each took by the engine's time."""
    took: list[float] = []
    for each in seconds:
        before = context.current_utc_datetime
        yield context.create_timer(timedelta(seconds=each))
        took.append((context.current_utc_datetime - before).total_seconds())
    return took


@blueprint.orchestration_trigger(context_name="context")
def version_of(context: task.OrchestrationContext, _: object) -> str | None:
    """Return the version that the run has."""
    return context.version


@blueprint.orchestration_trigger(context_name="context")
def text_of(context: task.OrchestrationContext, length: int) -> str:
    """Return a text of so many characters."""
    return "x" * length


@blueprint.orchestration_trigger(context_name="context")
def status_of(context: task.OrchestrationContext, length: int) -> Steps:
    """Set a custom status of so many characters, then take a turn."""
    context.set_custom_status("s" * length)
    return (yield context.call_activity("double", input=1))
