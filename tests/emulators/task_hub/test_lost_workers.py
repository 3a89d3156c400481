"""Workers that have ended: with their host the work is sent again after its timeout, alone the call fails."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import BackendOptions, LostWorker, ScaledClock
from tests.emulators.task_hub.rig import CALM, BareWorker, Orchestration, Program, bare, finish, running, schedule

START = datetime(2026, 1, 1, tzinfo=UTC)
HOST = replace(CALM, work_item_visibility=timedelta(minutes=7), control_queue_visibility=timedelta(minutes=3))
WORKER = replace(CALM, lost_worker=LostWorker.WORKER)
BOTH = replace(CALM, lost_worker=LostWorker.BOTH)
KEY = EntityInstanceId("ledger", "a")


def step(_context: Any, value: int) -> int:
    return value


def ledger(context: Any, given: Any) -> Any:
    context.set_state([*context.get_state(list, []), given])
    return 1


def one_step(context: Any, _: Any) -> Orchestration:
    try:
        return (yield context.call_activity(step, input=1))
    except task.TaskFailedError as error:
        return [error.details.error_type, error.details.message]


def one_call(context: Any, _: Any) -> Orchestration:
    try:
        return (yield context.call_entity(KEY, "add", input=1))
    except task.TaskFailedError:
        return "caught"


PROGRAM = Program([one_step, one_call], [step], [ledger])
ORCHESTRATORS = Program([one_step, one_call])


def minutes(rig: Any) -> float:
    return (rig.clock.now() - START).total_seconds() / 60


@pytest.mark.parametrize(("kind", "timeout"), [("turn", 3), ("activity", 7), ("entity", 3)])
def test_a_hosts_work_is_sent_again_after_its_visibility_timeout(kind: str, timeout: int) -> None:
    with running(options=HOST) as rig, bare(rig.address) as dying:
        rig.clock.allow(START)
        if kind == "entity":
            rig.client.signal_entity(KEY, "add", input=1)
        else:
            rig.start("orchestration")
            if kind == "activity":
                dying.complete(dying.take(), schedule(1))
        item = dying.take()
        dying.close()
        due = START + timedelta(minutes=timeout)
        rig.until(lambda: rig.hub.pending_timers() == [due])
        assert rig.hub.is_idle()
        with bare(rig.address) as next_one:
            rig.clock.allow(due)
            again = next_one.take()
            assert again.WhichOneof("request") == item.WhichOneof("request")
            assert rig.clock.now() == due


def test_with_the_extensions_defaults_a_run_pauses_for_five_minutes() -> None:
    options = replace(BackendOptions(), entity_reorder_window=timedelta())
    with running(options=options) as rig, bare(rig.address) as dying:
        instance = rig.start(one_step)
        dying.take()
        dying.close()
        rig.work(PROGRAM)
        assert rig.end_of(instance).serialized_output == "1"
        assert minutes(rig) >= 5


def test_on_a_clock_that_runs_fast_the_timeout_is_in_its_time() -> None:
    clock = ScaledClock(START, 600)
    with running(options=CALM, clock=clock) as rig, bare(rig.address) as dying:
        instance = rig.start(one_step)
        dying.take()
        dying.close()
        rig.work(PROGRAM)
        rig.end_of(instance)
        assert timedelta(minutes=5) <= clock.now() - START < timedelta(minutes=15)


def test_what_was_merely_queued_is_not_held_back() -> None:
    with running(options=HOST) as rig, bare(rig.address, maxConcurrentOrchestrationWorkItems=1) as dying:
        rig.clock.allow(START)
        rig.start("orchestration", instance_id="given")
        rig.start("orchestration", instance_id="queued")
        assert dying.take().orchestratorRequest.instanceId == "given"
        dying.close()
        with bare(rig.address) as next_one:
            assert next_one.take().orchestratorRequest.instanceId == "queued"


def test_an_event_reaches_an_instance_of_which_another_message_is_hidden() -> None:
    with running(options=HOST) as rig, bare(rig.address) as worker:
        rig.clock.allow(START)
        instance = rig.start("orchestration")
        worker.complete(worker.take())
        rig.client.raise_orchestration_event(instance, "first")
        assert names(worker) == ["first"]
        worker.close()
        rig.until(lambda: len(rig.hub.pending_timers()) == 1)
        with bare(rig.address) as second:
            rig.client.raise_orchestration_event(instance, "second")
            item = second.take()
            assert [e.eventRaised.name for e in item.orchestratorRequest.newEvents[1:]] == ["second"]
            second.complete(item)
            rig.clock.allow(None)
            assert names(second) == ["first"]


def names(worker: BareWorker) -> list[str]:
    return [event.eventRaised.name for event in worker.take().orchestratorRequest.newEvents[1:]]


def test_the_end_of_a_hub_is_the_end_of_its_hosts(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    with running(path=file, options=HOST) as rig, bare(rig.address, maxConcurrentActivityWorkItems=1) as worker:
        rig.clock.allow(START)
        rig.start("orchestration", instance_id="a")
        worker.complete(worker.take(), schedule(1), schedule(2))
        given = worker.take().activityRequest.taskId
        rig.client.get_orchestration_state("a")
    with running(path=file, options=HOST) as rig, bare(rig.address) as worker:
        rig.clock.allow(START)
        item = worker.take()
        assert {given, item.activityRequest.taskId} == {1, 2}
        assert rig.hub.pending_timers() == [START + timedelta(minutes=7)]
        rig.clock.allow(None)
        worker.complete_activity(item)
        worker.complete(worker.take())
        assert worker.take().activityRequest.taskId == given
        assert minutes(rig) == 7


def test_an_activity_fails_when_only_its_worker_ended() -> None:
    with running(options=WORKER) as rig:
        with bare(rig.address) as dying:
            instance = rig.start(one_step)
            dying.complete(dying.take(), schedule(1))
            assert dying.take().HasField("activityRequest")
        rig.work(ORCHESTRATORS)
        output = json.loads(rig.end_of(instance).serialized_output or "")
        assert output == [
            "Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
            "Exception while executing function: Functions.step",
        ]
        assert rig.clock.now() == START


def test_an_entitys_operation_fails_past_any_try_when_only_its_worker_ended() -> None:
    with running(options=WORKER) as rig:
        with bare(rig.address) as dying:
            instance = rig.start("one_call")
            turn = dying.take()
            dying.complete(turn, call_entity(1))
            assert dying.take().HasField("entityRequestV2")
        rig.work(ORCHESTRATORS)
        state = rig.end_of(instance)
        assert state.runtime_status == OrchestrationStatus.FAILED
        assert state.serialized_output == ("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)")
        assert rig.client.get_entity(KEY) is None


def call_entity(task_id: int) -> Any:
    action = pb.OrchestratorAction(id=task_id)
    called = action.sendEntityMessage.entityOperationCalled
    called.requestId, called.operation = "r1", "add"
    called.targetInstanceId.value = str(KEY)
    return action


def test_a_turn_is_repeated_two_seconds_after_only_its_worker_ended() -> None:
    with running(options=WORKER) as rig:
        with bare(rig.address) as dying:
            instance = rig.start(one_step)
            dying.take()
        rig.work(PROGRAM)
        assert rig.end_of(instance).serialized_output == "1"
        assert rig.clock.now() == START + timedelta(seconds=2)


def test_both_kinds_take_turns() -> None:
    with running(options=BOTH) as rig:
        rig.clock.allow(START)
        rig.start("orchestration")
        for seconds in (300, 302):
            with bare(rig.address) as dying:
                rig.clock.allow(START + timedelta(seconds=seconds - 1))
                dying.take()
            due = START + timedelta(seconds=seconds)
            rig.until(lambda due=due: rig.hub.pending_timers() == [due])
            rig.clock.allow(due)
            rig.until(lambda due=due: rig.clock.now() == due)


def test_an_abandoned_item_is_sent_again_later_each_time() -> None:
    with running(options=CALM) as rig, bare(rig.address) as worker:
        rig.start("orchestration")
        for seconds in (2, 6, 14):
            item = worker.take()
            worker.stub.AbandonTaskOrchestratorWorkItem(
                pb.AbandonOrchestrationTaskRequest(completionToken=item.completionToken)
            )
            rig.until(lambda seconds=seconds: rig.clock.now() == START + timedelta(seconds=seconds))
        item = worker.take()
        worker.complete(item, finish())
        with pytest.raises(grpc.RpcError):
            worker.complete(item, finish())
