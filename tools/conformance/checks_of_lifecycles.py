"""Checks of events, suspension, termination, purge, rewind and starts with a known id."""

import asyncio
from urllib.parse import quote

import grpc
from durabletask.client import OrchestrationStatus

from tools.conformance.stack import Stack, expect, refusal

_ENDED, _UNKNOWN = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND


async def event_arrives(stack: Stack) -> None:
    """An event of a client reaches a waiting orchestration, whatever the case of its name."""
    instance = await stack.start("wait_for_go")
    await stack.waiting(instance)
    await stack.client.raise_orchestration_event(instance, "GO", data={"by": "me"})
    state = await stack.end(instance)
    expect(state.get_output() == {"by": "me"}, state.serialized_output)


async def event_of_an_orchestration(stack: Stack) -> None:
    """An orchestration sends an event to another; one that has ended or is unknown does not fail the sender."""
    instance = await stack.start("wait_for_go")
    await stack.waiting(instance)
    await stack.run("send_go", instance)
    state = await stack.end(instance)
    expect(state.get_output() == "from another", state.serialized_output)
    for other in (instance, "nobody"):
        output = await stack.run("send_go", other)
        expect(output == 2, output)


async def events_are_kept(stack: Stack) -> None:
    """Events that arrive before the orchestration waits for them are kept, each once."""
    instance = await stack.start("wait_for_many", 4)
    await stack.waiting(instance)
    for number in range(4):
        await stack.client.raise_orchestration_event(instance, "item", data=number)
    state = await stack.end(instance)
    output = state.get_output()
    expect(sorted(output) == [0, 1, 2, 3], output)


async def early_events_may_be_lost(stack: Stack) -> None:
    """An event right after a client's start is accepted; if it was lost, the same event sent again is not."""
    instances = [stack.name("early") for _ in range(10)]

    async def one(instance: str) -> bool:
        await stack.start("wait_for_go", instance_id=instance)
        await stack.client.raise_orchestration_event(instance, "go", data="early")
        await stack.until(instance, lambda state: bool(state.get_custom_status()))
        await stack.quiet()
        state = await stack.state(instance)
        assert state is not None
        if state.runtime_status is OrchestrationStatus.RUNNING:
            await stack.client.raise_orchestration_event(instance, "go", data="again")
        return (await stack.end(instance)).get_output() in ("early", "again")

    expect(all(await asyncio.gather(*(one(each) for each in instances))), "an event that was sent twice is lost")


async def event_to_an_ended_run(stack: Stack) -> None:
    """FAILED_PRECONDITION; by HTTP 410."""
    instance = await stack.start("chain", 1)
    await stack.end(instance)
    code, text = await refusal(stack.client.raise_orchestration_event(instance, "go"))
    expect(code is _ENDED, f"{code} {text}")
    status = await stack.call_api("POST", f"instances/{instance}/raiseEvent/go", json={})
    expect(status == 410, status)


async def event_to_an_unknown_run(stack: Stack) -> None:
    """NOT_FOUND; by HTTP 404."""
    code, text = await refusal(stack.client.raise_orchestration_event("nobody", "go"))
    expect(code is _UNKNOWN, f"{code} {text}")
    status = await stack.call_api("POST", "instances/nobody/raiseEvent/go", json={})
    expect(status == 404, status)


async def timer_or_event(stack: Stack) -> None:
    """The first of event and timer decides, and the later timer does not delay the run."""
    with stack.time_stands():
        instance = await stack.start("race", 1000)
        await stack.waiting(instance)
        await stack.client.raise_orchestration_event(instance, "go")
        first = await stack.end(instance)
    second = await stack.run("race", 1)
    expect((first.get_output(), second) == ("event", "timer"), (first.serialized_output, second))


async def continue_as_new_keeps_events(stack: Stack) -> None:
    """An orchestration that continues as new with each event loses none of the waiting events."""
    instance = await stack.start("collect", [])
    await stack.waiting(instance)
    for number in range(5):
        await stack.client.raise_orchestration_event(instance, "item", data=number)
    await stack.until(instance, lambda state: len(state.get_input() or []) == 5)
    await stack.client.raise_orchestration_event(instance, "item", data="end")
    output = (await stack.end(instance)).get_output()
    expect(sorted(output) == [0, 1, 2, 3, 4], output)


async def suspended_runs_wait(stack: Stack) -> None:
    """A suspended run processes no event; when resumed, it processes what arrived meanwhile."""
    instance = await stack.start("wait_for_go")
    await stack.waiting(instance)
    await stack.client.suspend_orchestration(instance)
    await stack.until(instance, lambda state: state.runtime_status is OrchestrationStatus.SUSPENDED)
    await stack.client.raise_orchestration_event(instance, "go", data=1)
    await stack.quiet()
    state = await stack.state(instance)
    assert state is not None
    expect(state.runtime_status is OrchestrationStatus.SUSPENDED, state.runtime_status)
    await stack.client.resume_orchestration(instance)
    output = (await stack.end(instance)).get_output()
    expect(output == 1, output)


async def requests_to_ended_runs(stack: Stack) -> None:
    """Terminate, suspend and resume of an ended or unknown run, by gRPC and by HTTP."""
    instance = await stack.start("chain", 1)
    await stack.end(instance)
    seen: dict[str, object] = {}
    for order in ("terminate", "suspend", "resume"):
        call = getattr(stack.client, f"{order}_orchestration")
        seen[order] = (
            (await refusal(call(instance)))[0],
            (await refusal(call("nobody")))[0],
            await stack.call_api("POST", f"instances/{instance}/{order}?reason=x"),
            await stack.call_api("POST", f"instances/nobody/{order}?reason=x"),
        )
    wanted = dict.fromkeys(seen, (_ENDED, _UNKNOWN, 410, 404))
    expect(seen == wanted, seen)


async def terminate_is_not_recursive(stack: Stack) -> None:
    """When a parent is terminated by HTTP, its child continues to run."""
    child = stack.name("child")
    instance = await stack.start("parent_of_waiting", child)
    await stack.waiting(child)
    status = await stack.call_api("POST", f"instances/{instance}/terminate?reason={quote('not now')}")
    state = await stack.end(instance)
    await stack.quiet()
    of_child = await stack.state(child)
    assert of_child is not None
    seen = (status, state.runtime_status.name, of_child.runtime_status.name)
    expect(seen == (202, "TERMINATED", "RUNNING"), seen)
    await stack.client.raise_orchestration_event(child, "go", data=1)
    await stack.end(child)


async def terminate_by_grpc(stack: Stack) -> None:
    """The client requests to terminate the children too; the extension lets them run."""
    child = stack.name("child")
    instance = await stack.start("parent_of_waiting", child)
    await stack.waiting(child)
    await stack.client.terminate_orchestration(instance, output="enough")
    state = await stack.end(instance)
    await stack.quiet()
    of_child = await stack.state(child)
    assert of_child is not None
    seen = (state.runtime_status.name, state.get_output(), of_child.runtime_status.name)
    expect(seen == ("TERMINATED", "enough", "RUNNING"), seen)
    await stack.client.raise_orchestration_event(child, "go")
    await stack.end(child)


async def purge_of_an_ended_run(stack: Stack) -> None:
    """A purge deletes an ended run, and keeps a running one."""
    ended, running = await stack.start("chain", 1), await stack.start("wait_for_go")
    await stack.end(ended)
    await stack.waiting(running)
    gone = await stack.client.purge_orchestration(ended)
    expect(gone.deleted_instance_count == 1, gone)
    expect(await stack.state(ended) is None, "a purged run still exists")
    status = await stack.call_api("DELETE", f"instances/{running}")
    expect(await stack.state(running) is not None, f"a running run was purged: {status}")
    await stack.client.raise_orchestration_event(running, "go")
    await stack.end(running)


async def rewind_of_a_failed_run(stack: Stack) -> None:
    """A rewound run repeats the activity that failed; the one that succeeded keeps its result."""
    instance = await stack.start("fail_once", stack.name("key"))
    state = await stack.end(instance)
    expect(state.runtime_status is OrchestrationStatus.FAILED, state.runtime_status)
    await stack.client.rewind_orchestration(instance, reason="mended")
    state = await stack.until(instance, lambda now: now.runtime_status is OrchestrationStatus.COMPLETED)
    output = state.get_output()
    expect(output == {"first": 1, "again": 2}, output)


async def start_replaces_an_ended_run(stack: Stack) -> None:
    """A start with the id of an ended run replaces it; with that of a running one it is refused."""
    instance = await stack.start("chain", 1)
    await stack.end(instance)
    await stack.start("wait_for_go", instance_id=instance)
    await stack.waiting(instance)
    code, text = await refusal(stack.start("chain", 2, instance_id=instance))
    expect(code is not None, f"accepted: {text}")
    status = await stack.call_api("POST", f"orchestrators/chain/{instance}", json=2)
    expect(status == 409, status)
    await stack.client.raise_orchestration_event(instance, "go", data="second")
    output = (await stack.end(instance)).get_output()
    expect(output == "second", output)


CHECKS = (
    event_arrives,
    event_of_an_orchestration,
    events_are_kept,
    early_events_may_be_lost,
    event_to_an_ended_run,
    event_to_an_unknown_run,
    timer_or_event,
    continue_as_new_keeps_events,
    suspended_runs_wait,
    requests_to_ended_runs,
    terminate_is_not_recursive,
    terminate_by_grpc,
    purge_of_an_ended_run,
    rewind_of_a_failed_run,
    start_replaces_an_ended_run,
)
