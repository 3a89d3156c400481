"""Orchestrators that wait for external events."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

type Steps = Generator[task.Task[Any], Any, Any]

blueprint = df.Blueprint()


@blueprint.orchestration_trigger(context_name="context")
def wait_for_go(context: task.OrchestrationContext, _: object) -> Steps:
    """Set the custom status to waiting; return the data of the event `go`."""
    context.set_custom_status("waiting")
    return (yield context.wait_for_external_event("go"))


@blueprint.orchestration_trigger(context_name="context")
def wait_for_many(context: task.OrchestrationContext, count: int) -> Steps:
    """Return the data of so many events `item`, in the order in which they arrived."""
    context.set_custom_status("waiting")
    found: list[Any] = []
    for _ in range(count):
        found.append((yield context.wait_for_external_event("item")))
    return found


@blueprint.orchestration_trigger(context_name="context")
def race(context: task.OrchestrationContext, seconds: float) -> Steps:
    """Return which came first, the event `go` or the timer."""
    context.set_custom_status("waiting")
    event, timer = context.wait_for_external_event("go"), context.create_timer(timedelta(seconds=seconds))
    first = yield task.when_any([event, timer])
    return "event" if first is event else "timer"


@blueprint.orchestration_trigger(context_name="context")
def send_go(context: task.OrchestrationContext, instance: str) -> Steps:
    """Send the event `go` to another orchestration."""
    context.send_event(instance, "go", data="from another")
    return (yield context.call_activity("double", input=1))


@blueprint.orchestration_trigger(context_name="context")
def collect(context: task.OrchestrationContext, given: list[Any]) -> Steps:
    """Receive one event `item` in each execution, continue as new with all so far, and end at the item `end`."""
    context.set_custom_status("waiting")
    item = yield context.wait_for_external_event("item")
    if item == "end":
        return given
    context.continue_as_new([*given, item], save_events=True)
    return None
