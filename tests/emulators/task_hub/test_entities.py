"""Entities on the hub: queues, calls, locks, scheduled signals, queries and clean-up."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from durabletask import task
from durabletask.client import EntityQuery, OrchestrationStatus
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.internal import orchestrator_service_pb2 as pb

from tests.emulators.task_hub.rig import Orchestration, Program, Rig, bare, running

A, B = EntityInstanceId("ledger", "a"), EntityInstanceId("ledger", "b")


def ledger(context: EntityContext, given: Any) -> Any:
    """A list that grows; "start" begins an orchestration, "pass_on" signals another entity, "clear" empties it."""
    entries = context.get_state(list, [])
    if context.operation == "add":
        entries.append(given)
        context.set_state(entries)
    elif context.operation == "fail":
        raise ValueError("no such page")
    elif context.operation == "clear":
        context.set_state(None)
    elif context.operation == "pass_on":
        context.signal_entity(B, "add", given)
    elif context.operation == "start":
        context.schedule_new_orchestration("adding", input="from the entity", instance_id="started-by-entity")
    return entries


def adding(context: Any, entry: str) -> Orchestration:
    return (yield context.call_entity(A, "add", input=entry))


def failing(context: Any, _: Any) -> Orchestration:
    try:
        yield context.call_entity(A, "fail")
    except task.TaskFailedError as error:
        return error.details.message


def signal_lock_call(context: Any, _: Any) -> Orchestration:
    """What was sent before the lock runs before what is called within it."""
    context.signal_entity(A, "add", input="before")
    with (yield context.lock_entities([A, B])):
        return (yield context.call_entity(A, "add", input="within"))


def long_section(context: Any, name: str) -> Orchestration:
    with (yield context.lock_entities([A])):
        first = yield context.call_entity(A, "add", input=f"{name}-first")
        yield context.wait_for_external_event("go")
        second = yield context.call_entity(A, "add", input=f"{name}-second")
    return [len(first), len(second)]


def crossing(context: Any, order: list[str]) -> Orchestration:
    """Two of these in opposite order would deadlock if locks were granted one by one."""
    with (yield context.lock_entities([EntityInstanceId("ledger", key) for key in order])):
        yield context.create_timer(timedelta(seconds=1))
    return order


PROGRAM = Program([adding, failing, signal_lock_call, long_section, crossing], [], [ledger])


def entries(rig: Rig, entity: EntityInstanceId = A) -> Any:
    found = rig.client.get_entity(entity)
    return json.loads(found.get_state() or "null") if found else None


def settle(rig: Rig) -> None:
    """Signals are one-way: wait until the hub has nothing to do."""
    import time

    until = time.monotonic() + 10
    while not rig.hub.is_idle() and time.monotonic() < until:
        time.sleep(0.002)
    assert rig.hub.is_idle()


@pytest.mark.parametrize("older", [False, True], ids=["V2", "V1"])
def test_calls_signals_and_failures_in_both_forms_of_the_request(older: bool) -> None:
    with running(PROGRAM, older_entity_requests=older) as rig:
        rig.client.signal_entity(A, "add", input="first")
        settle(rig)
        assert rig.run(adding, "second").serialized_output == '["first", "second"]'
        assert "no such page" in (rig.run(failing).serialized_output or "")
        assert entries(rig) == ["first", "second"]
        rig.client.signal_entity(A, "pass_on", input="passed on")
        rig.client.signal_entity(A, "start")
        settle(rig)
        assert entries(rig, B) == ["passed on"]
        assert rig.end_of("started-by-entity").runtime_status == OrchestrationStatus.COMPLETED


def test_an_entity_cannot_start_an_orchestration_twice_where_known_ids_are_rejected() -> None:
    with running(PROGRAM, existing="reject") as rig:
        for _ in range(2):
            rig.client.signal_entity(A, "start")
            settle(rig)
        assert rig.hub.started == ["started-by-entity"]


def test_an_entity_silently_replaces_a_running_instance_with_the_id() -> None:
    with running(PROGRAM) as rig:
        rig.start(long_section, "one", instance_id="started-by-entity")
        _until(lambda: entries(rig) == ["one-first"])
        rig.client.signal_entity(B, "start")
        state = rig.end_of("started-by-entity")
        assert (state.name, state.runtime_status) == ("adding", OrchestrationStatus.COMPLETED)
        assert rig.hub.started == ["started-by-entity"] * 2


def test_a_scheduled_signal_waits_for_its_time() -> None:
    with running(PROGRAM) as rig:
        rig.clock.allow(rig.clock.now())
        due = datetime(2026, 1, 1, 6, tzinfo=UTC)
        rig.client.signal_entity(A, "add", input="late", signal_time=due)
        rig.client.signal_entity(A, "add", input="early")
        settle(rig)
        assert (entries(rig), rig.hub.pending_timers()) == (["early"], [due])
        rig.clock.allow(None)
        _until(lambda: entries(rig) == ["early", "late"])
        assert rig.clock.now() == due


def test_operations_sent_before_a_lock_are_done_before_those_within() -> None:
    with running(PROGRAM) as rig:
        assert rig.run(signal_lock_call).serialized_output == '["before", "within"]'


def test_a_locked_entity_serves_its_holder_only() -> None:
    with running(PROGRAM) as rig:
        holder = rig.start(long_section, "one")
        _until(lambda: entries(rig) == ["one-first"])
        found = rig.client.get_entity(A)
        assert found is not None
        assert found._locked_by == holder  # pyright: ignore[reportPrivateUsage]
        rig.client.signal_entity(A, "add", input="stranger")
        second = rig.start(long_section, "two")
        settle(rig)
        assert entries(rig) == ["one-first"]
        rig.client.raise_orchestration_event(holder, "go")
        assert rig.end_of(holder).serialized_output == "[1, 2]"
        rig.client.raise_orchestration_event(second, "go")
        rig.end_of(second)
        settle(rig)
        assert entries(rig) == ["one-first", "one-second", "stranger", "two-first", "two-second"]


def _until(reached: Any) -> None:
    import time

    until = time.monotonic() + 10
    while not reached() and time.monotonic() < until:
        time.sleep(0.005)
    assert reached()


@pytest.mark.parametrize("waits", [False, True], ids=["holding", "waiting"])
def test_a_terminated_orchestration_releases_its_locks_and_its_requests(waits: bool) -> None:
    with running(PROGRAM) as rig:
        holder = rig.start(long_section, "one")
        _until(lambda: entries(rig) == ["one-first"])
        second = rig.start(long_section, "two")
        settle(rig)
        for ended in (second, holder) if waits else (holder,):
            rig.client.terminate_orchestration(ended)
            rig.end_of(ended)
        if not waits:
            rig.client.raise_orchestration_event(second, "go")
            rig.end_of(second)
        settle(rig)
        assert rig.run(adding, "free").runtime_status == OrchestrationStatus.COMPLETED


def test_crossed_locks_do_not_deadlock() -> None:
    with running(PROGRAM) as rig:
        runs = [rig.start(crossing, order) for order in (["a", "b"], ["b", "c"], ["c", "a"], ["b", "a"]) * 3]
        assert {rig.end_of(run).runtime_status for run in runs} == {OrchestrationStatus.COMPLETED}


def test_a_batch_that_was_done_in_part_keeps_the_rest() -> None:
    with running() as rig, bare(rig.address) as worker:
        for entry in ("one", "two"):
            rig.client.signal_entity(A, "add", input=entry)
        settle_to = worker.take()
        first = settle_to.entityRequestV2
        done = len(first.operationRequests)
        result = pb.EntityBatchResult(completionToken=settle_to.completionToken)
        result.entityState.value = '["one"]'
        result.results.add().success.result.value = "1"
        worker.stub.CompleteEntityTask(result)
        rest = worker.take().entityRequestV2
        names = [r.entityOperationSignaled.input.value for r in rest.operationRequests]
        assert (done in (1, 2), names, rest.entityState.value) == (True, ['"two"'], '["one"]')


def test_a_failure_of_the_succeeded_batch_is_each_callers() -> None:
    with running(Program([adding])) as rig, bare(rig.address) as worker:
        rig.workers[0].stop()
        instance = rig.start("adding", "x")
        turn = worker.take()
        action = pb.OrchestratorAction(id=1)
        called = action.sendEntityMessage.entityOperationCalled
        called.requestId, called.operation = "r1", "add"
        called.targetInstanceId.value = "@ledger@a"
        worker.complete(turn, action)
        batch = worker.take()
        broken = pb.EntityBatchResult(completionToken=batch.completionToken)
        broken.failureDetails.errorMessage = "the entity cannot be loaded"
        worker.stub.CompleteEntityTask(broken)
        events = worker.take().orchestratorRequest.newEvents
        answer = json.loads(events[-1].eventRaised.input.value)
        assert (events[-1].eventRaised.name, answer["result"]) == ("r1", "the entity cannot be loaded")
        assert answer["exceptionType"] == "entity dispatch failed"
        assert rig.state(instance).runtime_status == OrchestrationStatus.RUNNING


def test_queries_return_pages_without_empty_entities() -> None:
    with running(PROGRAM) as rig:
        keys = [EntityInstanceId("ledger", f"k{number}") for number in range(5)]
        for key in keys:
            rig.client.signal_entity(key, "add", input=1)
        rig.client.signal_entity(keys[0], "clear")
        settle(rig)
        pages = rig.client.get_all_entities(EntityQuery(page_size=2, instance_id_starts_with="@ledger@k"))
        assert [str(one.id) for one in pages] == [str(key) for key in keys[1:]]
        every = rig.client.get_all_entities(EntityQuery(include_transient=True))
        assert len(every) == 5
        assert rig.client.get_all_entities(EntityQuery(last_modified_from=datetime(2030, 1, 1, tzinfo=UTC))) == []
        assert rig.client.get_entity(keys[0]) is None
        assert rig.client.clean_entity_storage().empty_entities_removed == 1
        assert len(rig.client.get_all_entities(EntityQuery(include_transient=True))) == 4
