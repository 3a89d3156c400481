"""Entities that sort within a window drop messages without a time of sending: all calls and locks of this SDK."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId

from emulators.task_hub import BackendOptions
from tests.emulators.task_hub.rig import CALM, Orchestration, Program, Rig, running

KEY = EntityInstanceId("ledger", "a")


def ledger(context: Any, given: Any) -> Any:
    if context.operation == "fail":
        raise ValueError("no such page")
    entries = [*context.get_state(list, []), given]
    context.set_state(entries)
    return len(entries) if context.operation == "add" else None


def calling(context: Any, operation: str) -> Orchestration:
    try:
        return [(yield context.call_entity(KEY, operation, input="called"))]
    except task.TaskFailedError as error:
        return [error.details.error_type, error.details.message]


def locking(context: Any, _: Any) -> Orchestration:
    with (yield context.lock_entities([KEY])):
        return "held"


def signaling(context: Any, _: Any) -> Orchestration:
    context.signal_entity(KEY, "add", input="by an orchestration")
    yield context.create_timer(timedelta(seconds=1))


PROGRAM = Program([calling, locking, signaling], [], [ledger])


def entries(rig: Rig) -> Any:
    found = rig.client.get_entity(KEY)
    return json.loads(found.get_state() or "null") if found else None


@pytest.mark.parametrize("name", [calling, locking])
def test_with_the_default_window_a_call_or_a_lock_is_never_answered(name: Any) -> None:
    with running(PROGRAM, options=BackendOptions()) as rig:
        instance = rig.start(name, "add")
        rig.client.wait_for_orchestration_start(instance, timeout=10)
        rig.until(rig.hub.is_idle)
        # Nothing can wake it, however much time passes.
        assert (rig.hub.is_idle(), rig.hub.pending_timers()) == (True, [])
        assert rig.state(instance).runtime_status == OrchestrationStatus.RUNNING
        assert entries(rig) is None
        history: list[Any] = rig.client.get_orchestration_history(instance)
        assert [type(event).__name__ for event in history][-2:] == ["EventSentEvent", "OrchestratorCompletedEvent"]


def test_signals_come_through_whatever_the_window_is() -> None:
    with running(PROGRAM, options=BackendOptions().without_races()) as rig:
        rig.client.signal_entity(KEY, "add", input="by a client")
        rig.until(lambda: entries(rig) == ["by a client"])
        rig.run(signaling)
        rig.until(lambda: entries(rig) == ["by a client", "by an orchestration"])


def test_with_the_window_at_zero_in_host_json_calls_and_locks_are_answered(tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    file.write_text(
        json.dumps({"version": "2.0", "extensions": {"durableTask": {"entityMessageReorderWindowInMinutes": 0}}})
    )
    with running(PROGRAM, options=BackendOptions.of_host_json(file, {})) as rig:
        assert rig.run(calling, "add").serialized_output == "[1]"
        assert rig.run(calling, "quietly").serialized_output == "[null]"
        assert rig.run(locking).serialized_output == '"held"'


def test_an_operation_that_raises_fails_its_caller_with_its_type_and_text() -> None:
    with running(PROGRAM) as rig:
        failed = json.loads(rig.run(calling, "fail").serialized_output or "")
        assert failed == [
            "durabletask.entities.entity_operation_failed_exception.EntityOperationFailedException",
            "Operation 'fail' on entity '@ledger@a' failed with error: no such page",
        ]


def test_the_history_has_entity_messages_in_the_extensions_form() -> None:
    with running(PROGRAM, options=CALM) as rig:
        events: dict[str, Any] = {}
        for name in (calling, locking, signaling):
            instance = rig.run(name, "add").instance_id
            history: list[Any] = rig.client.get_orchestration_history(instance)
            events[name.__name__] = [
                (event.name, json.loads(event.input or "null"))
                for event in history
                if type(event).__name__ in ("EventSentEvent", "EventRaisedEvent")
            ]
    never = "0001-01-01T00:00:00"
    request, section = events["calling"][0][1]["id"], events["locking"][0][1]["id"]
    caller, holder = events["calling"][0][1]["parent"], events["locking"][0][1]["parent"]
    unstamped = {"Timestamp": never, "Predecessor": never}
    assert events["calling"] == [
        ("op", {"op": "add", "input": '"called"', "id": request, "parent": caller, **unstamped}),
        (request, {"result": "1"}),
    ]
    lock = {"op": None, "id": section, "parent": holder, **unstamped}
    assert events["locking"] == [
        ("op", {**lock, "lockset": [{"name": "ledger", "key": "a"}]}),
        (section, {"result": "Lock Acquisition Completed"}),
        ("release", lock),
    ]
    ((name, signal),) = events["signaling"]
    assert (name, signal["signal"], "parent" in signal) == ("op", True, False)
