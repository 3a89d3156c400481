"""Replays a stored execution against today's orchestrators, turn by turn, with durabletask's own executor."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from durabletask import worker
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.serialization import DEFAULT_DATA_CONVERTER

from orchestrators.registration import ORCHESTRATIONS
from tests.histories import meaning
from tests.histories.archive import Execution, Turn
from tests.support.engine import QUIET

type Asked = dict[str, Any]

_MOST_SHOWN = 200
_MOST_LINES = 12
_ENDED = "end"


def fault(execution: Execution) -> str | None:
    """Return the first turn in which today's orchestrator requests something else than the history; None if none.

    The history is first executed turn by turn, as on a worker that never stopped, and then replayed up to its last
    turn, as on a new worker: both must request what the history has.
    """
    turns = list(execution.turns())
    try:
        return _executed(execution, turns) or _replayed(execution, turns[-1])
    except Exception as error:  # any exception here would break a run in flight
        return f"{execution.instance_id} breaks: {type(error).__name__}: {error}"


def _executed(execution: Execution, turns: list[Turn]) -> str | None:
    executor = _executor()
    executor._orchestration_name = execution.name  # pyright: ignore[reportPrivateUsage]
    ctx = worker._RuntimeOrchestrationContext(  # pyright: ignore[reportPrivateUsage]
        execution.instance_id,
        executor._registry,  # pyright: ignore[reportPrivateUsage]
        maximum_timer_interval=worker.DEFAULT_MAXIMUM_TIMER_INTERVAL,
        data_converter=DEFAULT_DATA_CONVERTER,
        exception_properties_provider=None,
        logger=QUIET,
    )
    ctx._is_replaying = False  # pyright: ignore[reportPrivateUsage]
    for turn in turns:
        for event in turn.happened:
            executor.process_event(ctx, event)
        if difference := _compared(execution, turn, ctx.get_actions()):
            return difference
        for event in turn.asked:
            executor.process_event(ctx, event)
    return None


def _replayed(execution: Execution, last: Turn) -> str | None:
    done = _executor().execute(execution.instance_id, last.before, last.happened)
    return _compared(execution, last, done.actions)


def _executor() -> worker._OrchestrationExecutor:  # pyright: ignore[reportPrivateUsage]
    registry = worker._Registry()  # pyright: ignore[reportPrivateUsage]
    for orchestration in ORCHESTRATIONS:
        registry.add_orchestrator(orchestration)
    return worker._OrchestrationExecutor(registry, QUIET, DEFAULT_DATA_CONVERTER)  # pyright: ignore[reportPrivateUsage]


def _compared(execution: Execution, turn: Turn, actions: Iterable[pb.OrchestratorAction]) -> str | None:
    wanted = [_of_event(event, execution.name) for event in turn.asked]
    asked = [_of_action(action, execution.name) for action in actions]
    if sorted(wanted, key=_place) == sorted(asked, key=_place):
        return None
    return f"turn {turn.number} of {execution.instance_id}:\n{_difference(wanted, asked)}"


def _of_event(event: pb.HistoryEvent, orchestration: str) -> Asked:
    kind = event.WhichOneof("eventType") or ""
    body: Any = getattr(event, kind)
    if kind == "taskScheduled":
        return _activity(event.eventId, body)
    if kind == "timerCreated":
        return _timer(event.eventId, body)
    if kind == "subOrchestrationInstanceCreated":
        return _child(event.eventId, body)
    if kind == "eventSent":
        return _sent(event.eventId, body.instanceId, body.name, body.input)
    if kind == "executionCompleted":
        return _end(body, orchestration)
    return _entity(event.eventId, kind, body)


def _of_action(action: pb.OrchestratorAction, orchestration: str) -> Asked:
    kind = action.WhichOneof("orchestratorActionType") or ""
    body: Any = getattr(action, kind)
    if kind == "scheduleTask":
        return _activity(action.id, body)
    if kind == "createTimer":
        return _timer(action.id, body)
    if kind == "createSubOrchestration":
        return _child(action.id, body)
    if kind == "sendEvent":
        return _sent(action.id, body.instance.instanceId, body.name, body.data)
    if kind == "completeOrchestration":
        return _end(body, orchestration)
    return _entity(action.id, body.WhichOneof("EntityMessageType"), getattr(body, body.WhichOneof("EntityMessageType")))


def _activity(number: int, body: Any) -> Asked:
    return {"id": number, "activity": body.name, "input": meaning.of_activity(body.name, body.input.value)}


def _timer(number: int, body: Any) -> Asked:
    return {"id": number, "timer": body.fireAt.ToJsonString()}


def _child(number: int, body: Any) -> Asked:
    about = {"orchestration": body.name, "instance": body.instanceId, "version": body.version.value}
    return {"id": number, **about, "input": meaning.of_job(body.name, body.input.value)}


def _sent(number: int, instance: str, name: str, data: Any) -> Asked:
    return {"id": number, "event": name, "to": instance, "data": _json(data.value)}


def _entity(number: int, kind: str, body: Any) -> Asked:
    about = {"entity": body.targetInstanceId.value, "operation": body.operation}
    return {"id": number, "how": kind, **about, "input": _json(body.input.value)}


def _end(body: Any, orchestration: str) -> Asked:
    """Return an end; it has no number in a history."""
    status = pb.OrchestrationStatus.Name(body.orchestrationStatus).removeprefix("ORCHESTRATION_STATUS_")
    if status == "FAILED":
        return {_ENDED: status, "error": f"{body.failureDetails.errorType}: {body.failureDetails.errorMessage}"}
    read = meaning.of_job if status == "CONTINUED_AS_NEW" else meaning.of_end
    return {_ENDED: status, "result": read(orchestration, body.result.value)}


def _json(text: str) -> Any:
    return json.loads(text) if text else None


def _place(one: Asked) -> tuple[bool, int]:
    """Engines may record the requests of one turn in any order: each has its number, the end is last."""
    return _ENDED in one, one.get("id", 0)


def _difference(wanted: list[Asked], asked: list[Asked]) -> str:
    """Describe what differs: the content of one payload, or the requests."""
    before = [one for one in wanted if one not in asked]
    now = [one for one in asked if one not in wanted]
    if len(before) == len(now) == 1 and _head(before[0]) == _head(now[0]):
        return "\n".join([f"  {json.dumps(_head(now[0]))}", *list(_parts(before[0], now[0]))[:_MOST_LINES]])
    heads = [", ".join(json.dumps(_head(one)) for one in each) or "nothing" for each in (before, now)]
    return f"  the history has                {heads[0]}\n  today's orchestrator requests  {heads[1]}"


def _head(one: Asked) -> Asked:
    return {key: value for key, value in one.items() if key not in {"input", "result", "data"}}


def _parts(before: Any, now: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        old, new = cast("Asked", before), cast("Asked", now)
        for key in dict.fromkeys((*old, *new)):
            yield from _parts(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif before != now:
        yield f"  {path}: the history has {_show(before)}, today's orchestrator requests {_show(now)}"


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} …"
