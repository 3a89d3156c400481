"""Programs as data, which one orchestrator interprets: what the differential tests run on both engines."""

from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId
from hypothesis import strategies as st

from tests.emulators.task_hub.rig import Orchestration, Program

type Step = list[Any]


def echo(_context: Any, value: Any) -> Any:
    if value == "fail":
        raise ValueError("asked to fail")
    return value


def counter(context: Any, amount: int) -> Any:
    """Holds a sum, which does not depend on the order of additions."""
    total = context.get_state(int, 0) + amount
    if amount < 0:
        raise ValueError("only more")
    context.set_state(total)


def interpret(context: Any, given: dict[str, Any]) -> Orchestration:
    """Run the steps in order and return their results; continue-as-new passes on the remaining steps."""
    results: list[Any] = list(given["results"])
    steps: list[Step] = given["steps"]
    for place, step in enumerate(steps):
        if step[0] == "again":
            rest = {**given, "steps": steps[place + 1 :], "results": results}
            context.continue_as_new(rest, save_events=True)
            return None
        results.append((yield from _run(context, step, given)))
    return results


def _run(context: Any, step: Step, given: dict[str, Any]) -> Orchestration:
    kind, *values = step
    if kind in ("activity", "timer", "event", "retry"):
        return (yield from _wait(context, kind, values))
    if kind == "child":
        try:
            return (yield context.call_sub_orchestrator(interpret, input=_below(given, values[0])))
        except task.TaskFailedError as error:
            return f"child: {error.details.message}"
    if kind == "all":
        children = [context.call_sub_orchestrator(interpret, input=_below(given, steps)) for steps in values[0]]
        try:
            return (yield task.when_all(children))
        except task.TaskFailedError as error:
            return f"all: {error.details.message.partition('#')[0]}"
    if kind == "race":
        timers = [context.create_timer(timedelta(seconds=seconds)) for seconds in values]
        winner = yield task.when_any(timers)
        return timers.index(winner)
    if kind == "fail":
        raise ValueError(values[0])
    return (yield from _entity(context, kind, values, given))


def _wait(context: Any, kind: str, values: list[Any]) -> Orchestration:
    if kind == "timer":
        yield context.create_timer(timedelta(seconds=values[0]))
        return "waited"
    if kind == "event":
        context.send_event(context.instance_id, values[0], data=values[1])
        return (yield context.wait_for_external_event(values[0]))
    policy = None
    if kind == "retry":
        policy = task.RetryPolicy(first_retry_interval=timedelta(minutes=5), max_number_of_attempts=3)
    try:
        return (yield context.call_activity(echo, input=values[0], retry_policy=policy))
    except task.TaskFailedError as error:
        return f"activity: {error.details.message}"


def _entity(context: Any, kind: str, values: list[Any], given: dict[str, Any]) -> Orchestration:
    if kind == "status":
        context.set_custom_status(values[0])
        return "set"
    keys = [EntityInstanceId("counter", f"{given['run']}-{key}") for key in values[0]]
    if kind == "signal":
        for key in keys:
            context.signal_entity(key, "add", input=values[1])
        return "signaled"
    if kind == "lock":
        with (yield context.lock_entities(keys)):
            for key in keys:
                yield context.call_entity(key, "add", input=values[1])
        return "locked"
    try:
        for key in keys:
            yield context.call_entity(key, "add", input=values[1])
    except task.TaskFailedError as error:
        return f"entity: {error.details.message}"
    return "called"


def _below(given: dict[str, Any], steps: list[Step]) -> dict[str, Any]:
    return {"run": given["run"], "steps": steps, "results": []}


PROGRAM = Program([interpret], [echo], [counter])
KEYS = ["a", "b", "c"]

_values = st.one_of(st.integers(-5, 5), st.text("xyz", max_size=3), st.none(), st.just("fail"))
_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)
_amounts = st.integers(0, 9)
_simple = st.one_of(
    st.tuples(st.just("activity"), _values),
    st.tuples(st.just("retry"), st.sampled_from(["fail", "fine"])),
    st.tuples(st.just("timer"), st.integers(0, 20_000)),
    st.tuples(st.just("event"), st.sampled_from(["go", "GO", "stop"]), st.integers()),
    st.tuples(st.just("signal"), _keys, _amounts),
    st.tuples(st.just("call"), _keys, st.integers(-1, 9)),
    st.tuples(st.just("lock"), _keys, _amounts),
    st.tuples(st.just("status"), st.text("äß漢x", max_size=20)),
)
_inner = st.lists(
    st.one_of(
        _simple,
        st.tuples(st.just("race"), st.integers(1, 100), st.integers(200, 300)),
        st.tuples(st.just("fail"), st.sampled_from(["broken", "empty disk"])),
    ),
    max_size=3,
)
_step = st.one_of(
    _simple,
    st.tuples(st.just("child"), _inner),
    st.tuples(st.just("all"), st.lists(_inner, min_size=1, max_size=4)),
)


# At its top a program may continue as new, and may fail at its end.
def _joined(steps: list[Step], again: int, end: list[Step]) -> list[Step]:
    return [*steps[:again], ["again"], *steps[again:], *end]


programs = st.builds(
    _joined,
    st.lists(_step, max_size=5),
    st.integers(0, 5),
    st.one_of(st.just([]), st.just([["fail", "the end"]])),
)
