"""Replays a stored execution against today's orchestrators, turn by turn, with durabletask's own executor."""

import json
from collections.abc import Iterable
from typing import Any

from durabletask import worker
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.serialization import DEFAULT_DATA_CONVERTER

from tests.histories import meaning
from tests.histories.archive import Execution, Turn
from tests.support.engine import QUIET, STORIES

type Asked = dict[str, Any]

_MOST_SHOWN = 300
_ENDED = "end"


def fault(execution: Execution) -> str | None:
    """Give the first turn in which today's story asks for something else than the history says; None: there is none."""
    for turn in execution.turns():
        wanted = [_of_event(event, execution.name) for event in turn.asked]
        asked = [_of_action(action, execution.name) for action in _actions(execution, turn)]
        if not _same(wanted, asked):
            return f"turn {turn.number} of {execution.instance_id}\n{_difference(wanted, asked)}"
    return None


def _actions(execution: Execution, turn: Turn) -> list[pb.OrchestratorAction]:
    """Begin from nothing, as a worker does that never saw this run."""
    registry = worker._Registry()  # pyright: ignore[reportPrivateUsage]
    for story in STORIES:
        registry.add_orchestrator(story)
    executor = worker._OrchestrationExecutor(registry, QUIET, DEFAULT_DATA_CONVERTER)  # pyright: ignore[reportPrivateUsage]
    return list(executor.execute(execution.instance_id, turn.before, turn.happened).actions)


def _of_event(event: pb.HistoryEvent, story: str) -> Asked:
    kind = event.WhichOneof("eventType") or ""
    body: Any = getattr(event, kind)
    if kind == "taskScheduled":
        return _step(event.eventId, body)
    if kind == "timerCreated":
        return _timer(event.eventId, body)
    if kind == "subOrchestrationInstanceCreated":
        return _child(event.eventId, body)
    if kind == "eventSent":
        return _sent(event.eventId, body.instanceId, body.name, body.input)
    if kind == "executionCompleted":
        return _end(body, story)
    return _entity(event.eventId, kind, body)


def _of_action(action: pb.OrchestratorAction, story: str) -> Asked:
    kind = action.WhichOneof("orchestratorActionType") or ""
    body: Any = getattr(action, kind)
    if kind == "scheduleTask":
        return _step(action.id, body)
    if kind == "createTimer":
        return _timer(action.id, body)
    if kind == "createSubOrchestration":
        return _child(action.id, body)
    if kind == "sendEvent":
        return _sent(action.id, body.instance.instanceId, body.name, body.data)
    if kind == "completeOrchestration":
        return _end(body, story)
    return _entity(action.id, body.WhichOneof("EntityMessageType"), getattr(body, body.WhichOneof("EntityMessageType")))


def _step(number: int, body: Any) -> Asked:
    return {"id": number, "step": body.name, "input": meaning.of_step(body.name, body.input.value)}


def _timer(number: int, body: Any) -> Asked:
    return {"id": number, "timer": body.fireAt.ToJsonString()}


def _child(number: int, body: Any) -> Asked:
    about = {"story": body.name, "instance": body.instanceId, "version": body.version.value}
    return {"id": number, **about, "input": meaning.of_job(body.name, body.input.value)}


def _sent(number: int, instance: str, name: str, data: Any) -> Asked:
    return {"id": number, "event": name, "to": instance, "data": _json(data.value)}


def _entity(number: int, kind: str, body: Any) -> Asked:
    about = {"entity": body.targetInstanceId.value, "operation": body.operation}
    return {"id": number, "how": kind, **about, "input": _json(body.input.value)}


def _end(body: Any, story: str) -> Asked:
    """An end has no number of its own in a history."""
    status = pb.OrchestrationStatus.Name(body.orchestrationStatus).removeprefix("ORCHESTRATION_STATUS_")
    if status == "FAILED":
        return {_ENDED: status, "error": f"{body.failureDetails.errorType}: {body.failureDetails.errorMessage}"}
    read = meaning.of_job if status == "CONTINUED_AS_NEW" else meaning.of_end
    return {_ENDED: status, "result": read(story, body.result.value)}


def _json(text: str) -> Any:
    return json.loads(text) if text else None


def _same(wanted: list[Asked], asked: list[Asked]) -> bool:
    """Compare by number: engines may note the requests of one turn in any order."""
    return sorted(wanted, key=_place) == sorted(asked, key=_place)


def _place(one: Asked) -> tuple[bool, int]:
    return _ENDED in one, one.get("id", 0)


def _difference(wanted: list[Asked], asked: list[Asked]) -> str:
    only_before = [one for one in wanted if one not in asked]
    only_now = [one for one in asked if one not in wanted]
    if len(only_before) == len(only_now) == 1 and only_before[0].keys() == only_now[0].keys():
        before, now = only_before[0], only_now[0]
        same = {key: before[key] for key in before if key not in {"input", "result"} and before[key] == now[key]}
        parts = [_parts(before[key], now[key], key) for key in before if before[key] != now[key]]
        return f"  {json.dumps(same)}:\n" + "\n".join(line for lines in parts for line in lines)
    return f"  the history: {_show(only_before)}\n  today:       {_show(only_now)}"


def _parts(before: Any, now: Any, path: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        pairs: Iterable[str] = [*before, *(key for key in now if key not in before)]  # pyright: ignore[reportUnknownVariableType]
        return [
            line
            for key in pairs
            if before.get(key) != now.get(key)  # pyright: ignore[reportUnknownMemberType]
            for line in _parts(before.get(key), now.get(key), f"{path}.{key}")  # pyright: ignore[reportUnknownMemberType]
        ]
    return [f"  {path}: the history has {_show(before)}, today's story asks for {_show(now)}"]


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} …"
