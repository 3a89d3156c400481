"""Programs as data, which one orchestrator interprets: what the differential tests run on both engines."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

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

type Maker = Callable[[Random], Step]


def _keys(chance: Random) -> list[str]:
    return chance.sample(KEYS, chance.randint(1, 2))


_SIMPLE: dict[str, Maker] = {
    "activity": lambda chance: [chance.choice([-5, 0, 5, "", "xyz", None, "fail", "fail"])],
    "retry": lambda chance: [chance.choice(["fail", "fine"])],
    "timer": lambda chance: [chance.choice([0, 1, 20_000])],
    "event": lambda chance: [chance.choice(["go", "GO", "stop"]), chance.randint(-9, 9)],
    "signal": lambda chance: [_keys(chance), chance.randint(0, 9)],
    "call": lambda chance: [_keys(chance), chance.randint(-1, 9)],
    "lock": lambda chance: [_keys(chance), chance.randint(0, 9)],
    "status": lambda chance: [chance.choice(["", "äß漢x", "x" * 20])],
    "race": lambda chance: [chance.randint(1, 100), chance.randint(200, 300)],
}
_INNER: dict[str, Maker] = {**_SIMPLE, "fail": lambda chance: [chance.choice(["broken", "empty disk"])]}


class _Deck:
    """Draws every kind of step once before any kind again."""

    def __init__(self, makers: dict[str, Maker], chance: Random) -> None:
        self._makers, self._chance = makers, chance
        self._kinds: list[str] = []

    def draw(self, count: int) -> list[Step]:
        return [self._step() for _ in range(count)]

    def _step(self) -> Step:
        self._kinds = self._kinds or self._chance.sample(list(self._makers), len(self._makers))
        kind = self._kinds.pop()
        return [kind, *self._makers[kind](self._chance)]


def programs(seed: int, count: int) -> list[list[Step]]:
    """Return programs of four steps with a continue-as-new among them; every fourth fails at its end."""
    chance = Random(seed)
    inner = _Deck(_INNER, chance)
    outer: dict[str, Maker] = {
        "child": lambda chance: [inner.draw(chance.randint(0, 3))],
        "all": lambda chance: [[inner.draw(chance.randint(0, 2)) for _ in range(chance.randint(1, 4))]],
    }
    top = _Deck(_SIMPLE | outer, chance)
    found: list[list[Step]] = []
    for number in range(count):
        steps, again = top.draw(4), chance.randint(0, 4)
        end: list[Step] = [["fail", "the end"]] if number % 4 == 3 else []
        found.append([*steps[:again], ["again"], *steps[again:], *end])
    return found
