"""Checks of activities, retries, sub-orchestrations, timers and versions."""

from durabletask.client import OrchestrationStatus

from tools.conformance.stack import Stack, expect


async def activities_in_a_row(stack: Stack) -> None:
    """An activity's result is the next one's input; one has another name than its function."""
    output = await stack.run("chain", 5)
    expect(output == 11, output)


async def activities_at_once(stack: Stack) -> None:
    """Twenty activities at once."""
    output = await stack.run("fan_out", 20)
    expect(output == 380, output)


async def failure_of_an_activity(stack: Stack) -> None:
    """The caller sees type and message of the activity's exception."""
    output = await stack.run("describe_failure", {"activity": "refuse", "input": "none: left"})
    expect(output == {"type": "OutOfStock", "message": "none: left"}, output)


async def failure_of_an_orchestrator(stack: Stack) -> None:
    """The output of a failed orchestration is its exception as plain text; it has no failure details."""
    state = await stack.end(await stack.start("raises", "no way"))
    seen = (state.runtime_status.name, state.failure_details, state.serialized_output)
    expect(seen == ("FAILED", None, "builtins.ValueError: no way"), seen)


async def retries_until_success(stack: Stack) -> None:
    """A retry policy repeats the activity until it succeeds."""
    output = await stack.run("retry", {"call": f"{stack.name('key')} 3", "attempts": 4})
    expect(output == 3, output)


async def retries_that_end(stack: Stack) -> None:
    """After the last attempt the orchestration fails with the last failure's message."""
    reason = await stack.failure("retry", {"call": f"{stack.name('key')} 9", "attempts": 2})
    expect("try 2" in reason, reason)


async def worker_dies_in_an_activity(stack: Stack) -> None:
    """The activity fails when its worker ends: it is not sent to another worker."""
    stack.lose_worker("double")
    output = await stack.run("describe_failure", {"activity": "double", "input": 1})
    expect(output != "did not fail", output)


async def worker_dies_in_an_orchestrator(stack: Stack) -> None:
    """An orchestrator's turn is repeated when its worker ends."""
    stack.lose_worker("chain")
    output = await stack.run("chain", 5)
    expect(output == 11, output)


async def sub_orchestrations(stack: Stack) -> None:
    """Ten children at once."""
    output = await stack.run("parent", 10)
    expect(output == 100, output)


async def failure_of_a_child(stack: Stack) -> None:
    """The parent sees that its child failed, and why."""
    output = await stack.run("parent_of_failing", "lost")
    expect("lost" in output["message"], output)


async def timers(stack: Stack) -> None:
    """A timer is at most a second early, and late by no more than a polling interval and the machine's delay."""
    asked = [1.0, 3.0, 5.0]
    took = await stack.run("sleep", asked)
    for each, seconds in zip(asked, took, strict=True):
        expect(each - 1.0 <= seconds <= each + stack.polling + 5.0, f"{each:g} s took {seconds:g} s")


async def default_version(stack: Stack) -> None:
    """A run that is started without a version has that of host.json."""
    output = await stack.run("version_of")
    expect(output == "1", output)


async def newer_version_waits(stack: Stack) -> None:
    """A run of a version newer than host.json's is neither executed nor failed."""
    instance = await stack.start("version_of", version="2")
    await stack.quiet()
    state = await stack.state(instance)
    waits = (OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING)
    expect(state is not None and state.runtime_status in waits, state)


CHECKS = (
    activities_in_a_row,
    activities_at_once,
    failure_of_an_activity,
    failure_of_an_orchestrator,
    retries_until_success,
    retries_that_end,
    worker_dies_in_an_activity,
    worker_dies_in_an_orchestrator,
    sub_orchestrations,
    failure_of_a_child,
    timers,
    default_version,
    newer_version_waits,
)
