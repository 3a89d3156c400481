"""The orchestrators and activities that several tests of the hub run."""

from datetime import timedelta
from typing import Any

from durabletask import task

from tests.emulators.task_hub.rig import Orchestration, Program


class Silent(Exception):
    """Has no message."""


def add_one(_context: Any, value: int) -> int:
    return value + 1


def fail_silently(_context: Any, _value: Any) -> None:
    raise Silent


def fail_loudly(_context: Any, value: str) -> None:
    raise ValueError(value)


def steps(context: Any, count: int) -> Orchestration:
    value = 0
    for _ in range(count):
        value = yield context.call_activity(add_one, input=value)
    return value


def fan_out(context: Any, count: int) -> Orchestration:
    return (yield task.when_all([context.call_sub_orchestrator(steps, input=2) for _ in range(count)]))


def silent(context: Any, _: Any) -> Orchestration:
    try:
        yield context.call_activity(fail_silently)
    except task.TaskFailedError as error:
        return error.details.error_type
    return "succeeded"


def failing(context: Any, text: str) -> Orchestration:
    yield context.call_activity(fail_loudly, input=text)


def failing_child(context: Any, text: str) -> Orchestration:
    try:
        yield context.call_sub_orchestrator(failing, input=text)
    except task.TaskFailedError as error:
        return [error.details.error_type, str(error.details.message)]


def waiter(context: Any, _: Any) -> Orchestration:
    return (yield context.wait_for_external_event("go"))


def family(context: Any, _: Any) -> Orchestration:
    yield context.call_sub_orchestrator(waiter, instance_id=f"{context.instance_id}-child")


def orphaned(context: Any, _: Any) -> Orchestration:
    try:
        yield context.call_sub_orchestrator(waiter, instance_id=f"{context.instance_id}-child")
    except task.TaskFailedError as error:
        return [error.details.error_type, error.details.message]


def taking(context: Any, child: str) -> Orchestration:
    return (yield context.call_sub_orchestrator(steps, input=2, instance_id=child))


def reported(context: Any, target: str) -> Orchestration:
    context.send_event(target, "go", data={"from": context.instance_id})
    yield context.create_timer(timedelta(seconds=1))


def names(context: Any, _: Any) -> Orchestration:
    yield context.create_timer(timedelta(seconds=1))
    return [context.version, context.parent_instance_id]


def names_of_child(context: Any, _: Any) -> Orchestration:
    return (yield context.call_sub_orchestrator(names, version="9"))


def counting(context: Any, count: int) -> Orchestration:
    """Carries two events over, and abandons an activity and a timer of each execution."""
    context.call_activity(add_one, input=count)
    context.create_timer(timedelta(hours=1))
    if count < 2:
        yield context.create_timer(timedelta(seconds=1))
        context.continue_as_new(count + 1, save_events=True)
        return None
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    return [first, second]


def saying(context: Any, size: int) -> Orchestration:
    context.set_custom_status("x" * size)
    yield context.create_timer(timedelta(seconds=1))
    return "said"


PROGRAM = Program(
    [
        *(steps, fan_out, silent, failing, failing_child, waiter, family, orphaned, taking, reported, names),
        *(names_of_child, counting, saying),
    ],
    [add_one, fail_silently, fail_loudly],
)
