"""Entities whose names are not their functions', and orchestrators that call, signal and lock them."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import entities, task

type Steps = Generator[task.Task[Any], Any, Any]

blueprint = df.Blueprint()


class OverLimit(Exception):
    """What an entity's operation raises."""


@blueprint.entity_trigger(context_name="context", entity_name="Account")
def keep_account(context: entities.EntityContext, amount: int | None) -> int:
    """Hold a sum: `add`, `get`, `fail`; `start` begins an orchestration, `forget` deletes the entity."""
    total = context.get_state(int, 0)
    if context.operation == "add":
        context.set_state(total := total + (amount or 0))
    elif context.operation == "fail":
        context.set_state(total + 1000)
        raise OverLimit("no more than that")
    elif context.operation == "start":
        context.schedule_new_orchestration("version_of", None, instance_id=f"by-{context.entity_id.key}")
    elif context.operation == "forget":
        context.set_state(None)
    return total


@blueprint.entity_trigger(context_name="context", entity_name="Fragile")
def keep_fragile(context: entities.EntityContext, _: object) -> str:
    """Do nothing; the checks end the worker's process in it."""
    return "alive"


@blueprint.orchestration_trigger(context_name="context")
def call_account(context: task.OrchestrationContext, key: str) -> Steps:
    """Add by call and by signal, then read."""
    account = entities.EntityInstanceId("Account", key)
    first = yield context.call_entity(account, "add", 5)
    context.signal_entity(account, "add", 2)
    return [first, (yield context.call_entity(account, "get"))]


@blueprint.orchestration_trigger(context_name="context")
def call_failing(context: task.OrchestrationContext, key: str) -> Steps:
    """Return what the caller sees of an operation that raises, and the state after it."""
    account = entities.EntityInstanceId("Account", key)
    yield context.call_entity(account, "add", 5)
    try:
        yield context.call_entity(account, "fail")
        seen: dict[str, str] = {}
    except task.TaskFailedError as error:
        seen = {"type": error.details.error_type, "message": error.details.message}
    return {"seen": seen, "total": (yield context.call_entity(account, "get"))}


@blueprint.orchestration_trigger(context_name="context")
def call_fragile(context: task.OrchestrationContext, key: str) -> Steps:
    """Call an operation in which the worker ends, and try to catch the failure."""
    try:
        return (yield context.call_entity(entities.EntityInstanceId("Fragile", key), "use"))
    except Exception as error:
        return f"caught {type(error).__name__}"


@blueprint.orchestration_trigger(context_name="context")
def use_fragile(context: task.OrchestrationContext, key: str) -> Steps:
    """Call an operation in which the worker may end."""
    return (yield context.call_entity(entities.EntityInstanceId("Fragile", key), "use"))


@blueprint.orchestration_trigger(context_name="context")
def use_fragile_again(context: task.OrchestrationContext, key: str) -> Steps:
    """Call it in a child that is retried."""
    policy = task.RetryPolicy(first_retry_interval=timedelta(seconds=1), max_number_of_attempts=3)
    return (yield context.call_sub_orchestrator("use_fragile", input=key, retry_policy=policy))


@blueprint.orchestration_trigger(context_name="context")
def transfer(context: task.OrchestrationContext, keys: list[str]) -> Steps:
    """Lock accounts; in the lock read each, wait a turn, and add one to it: no other run interferes."""
    accounts = [entities.EntityInstanceId("Account", key) for key in keys]
    with (yield context.lock_entities(accounts)):
        for account in accounts:
            total = yield context.call_entity(account, "get")
            yield context.call_activity("double", input=total)
            after = yield context.call_entity(account, "add", 1)
            if after != total + 1:
                return f"{after} after {total}"
    return "alone"
