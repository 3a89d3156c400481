"""Checks of entities and of the limits on sizes."""

import asyncio
from typing import Any

import grpc
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.entities import EntityInstanceId

from tools.conformance.stack import Stack, expect, refusal

_LARGE = 1_500_000


async def entity_calls(stack: Stack) -> None:
    """A call is answered, a signal arrives; the entity is found by its name, not its function's."""
    key = stack.name("account")
    output = await stack.run("call_account", key)
    expect(output[0] == 5 and output[1] in (5, 7), output)
    await stack.totals(key, 7)


async def signal_of_a_client(stack: Stack) -> None:
    """A client's signal creates the entity; an operation may start an orchestration, or delete the entity."""
    key = stack.name("account")
    entity = EntityInstanceId("Account", key)
    await stack.client.signal_entity(entity, "add", 3)
    await stack.totals(key, 3)
    await stack.client.signal_entity(entity, "start")
    state = await stack.end(f"by-{key}")
    expect(state.get_output() == "1", state.serialized_output)
    await stack.client.signal_entity(entity, "forget")
    await stack.totals(key, None)


async def operation_that_raises(stack: Stack) -> None:
    """The caller sees the failure; the state is as it was before the operation."""
    output = await stack.run("call_failing", stack.name("account"))
    expect(output["total"] == 5, output)
    expect(output["seen"].get("message", "").endswith("no more than that"), output)


async def worker_dies_in_an_operation(stack: Stack) -> None:
    """The calling orchestration fails past its `try`: the SDK reads the extension's plain text as JSON."""
    stack.lose_worker("keep_fragile")
    seen = await stack.failure("call_fragile", stack.name("fragile"))
    expect("JSONDecodeError" in seen, seen)


async def child_is_tried_again(stack: Stack) -> None:
    """A sub-orchestration's retry policy applies when the worker ended in an operation that the child called."""
    stack.lose_worker("keep_fragile")
    output = await stack.run("use_fragile_again", stack.name("fragile"))
    expect(output == "alive", output)


async def locks(stack: Stack) -> None:
    """Three orchestrations that lock the same two entities in different orders never hold them together."""
    one, two = stack.name("account"), stack.name("account")
    pairs = [[one, two], [two, one], [one, two]]
    outputs = await asyncio.gather(*(stack.run("transfer", pair) for pair in pairs))
    expect(outputs == ["alone"] * 3, outputs)
    await stack.totals(one, 3)
    await stack.totals(two, 3)


async def long_custom_status(stack: Stack) -> None:
    """Above 16 KB of UTF-16 the run fails; just below it does not."""
    output = await stack.run("status_of", 8_000)
    expect(output == 2, output)
    reason = await stack.failure("status_of", 8_200)
    expect("16 KB" in reason, reason)


async def list_above_the_limit(stack: Stack) -> None:
    """Outputs are always sent: above 4 MiB a list in one page is refused; in several pages it works."""
    prefix = stack.name("large")
    instances = [f"{prefix}-{number}" for number in range(3)]
    await asyncio.gather(*(stack.run("text_of", _LARGE, instance_id=each) for each in instances))
    succeeded = OrchestrationQuery(instance_id_prefix=prefix)
    code, text = await refusal(stack.client.get_all_orchestration_states(succeeded))
    expect(code is grpc.StatusCode.RESOURCE_EXHAUSTED, f"{code} {text}")
    pages = OrchestrationQuery(instance_id_prefix=prefix, max_instance_count=1)
    states = await stack.client.get_all_orchestration_states(pages)
    expect(sorted(state.instance_id for state in states) == instances, [state.instance_id for state in states])
    outputs = [len(state.serialized_output or "") for state in states]
    expect(min(outputs) > _LARGE, outputs)


async def large_payload(stack: Stack) -> None:
    """An output of three megabytes is returned."""
    output: Any = await stack.run("text_of", 2 * _LARGE)
    expect(len(output) == 2 * _LARGE, len(output))


async def call_without_window_hangs(stack: Stack) -> None:
    """On a host whose entities sort messages, a call is dropped as a duplicate and never answered; a signal is not."""
    key = stack.name("account")
    await stack.client.signal_entity(EntityInstanceId("Account", key), "add", 3)
    await stack.totals(key, 3)
    instance = await stack.start("call_account", key)
    locking = await stack.start("transfer", [stack.name("account"), stack.name("account")])
    await stack.until(instance, lambda state: state.runtime_status is not OrchestrationStatus.PENDING)
    await stack.quiet()
    for each in (instance, locking):
        state = await stack.state(each)
        expect(state is not None and state.runtime_status is OrchestrationStatus.RUNNING, f"{each} was answered")
    expect(await stack.total(key) in (3, "3"), await stack.total(key))


CHECKS = (
    entity_calls,
    signal_of_a_client,
    operation_that_raises,
    worker_dies_in_an_operation,
    child_is_tried_again,
    locks,
    long_custom_status,
    list_above_the_limit,
    large_payload,
)
CHECKS_WITH_WINDOW = (call_without_window_hangs,)
