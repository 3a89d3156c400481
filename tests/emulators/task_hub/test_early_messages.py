"""What a client sends to an instance that a client has just started: lost until the first turn has begun."""

from datetime import UTC, datetime
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import BackendOptions
from tests.emulators.task_hub.rig import Orchestration, Program, bare, finish, running

RACES = BackendOptions()


def waiter(context: Any, _: Any) -> Orchestration:
    return (yield context.wait_for_external_event("go"))


PROGRAM = Program([waiter])


def test_an_event_before_the_first_turn_is_accepted_and_lost(caplog: pytest.LogCaptureFixture) -> None:
    with running(options=RACES) as rig:
        instance = rig.start(waiter)
        rig.client.raise_orchestration_event(instance, "go", data="too early")
        rig.work(PROGRAM)
        rig.client.wait_for_orchestration_start(instance, timeout=10)
        rig.client.raise_orchestration_event(instance, "go", data="in time")
        assert rig.end_of(instance).serialized_output == '"in time"'
    assert f"{instance}: Discarding 1 dequeued history event(s): No such instance" in caplog.messages


def test_an_event_while_the_first_turn_runs_is_kept() -> None:
    with running(options=RACES) as rig, bare(rig.address) as worker:
        instance = rig.start("orchestration")
        first = worker.take()
        rig.client.raise_orchestration_event(instance, "go")
        worker.complete(first)
        turn = worker.take()
        assert turn.orchestratorRequest.newEvents[-1].eventRaised.name == "go"
        worker.complete(turn, finish())


def test_a_pause_and_a_termination_before_the_first_turn_are_lost() -> None:
    with running(options=RACES) as rig:
        instance = rig.start(waiter)
        rig.client.suspend_orchestration(instance)
        rig.client.terminate_orchestration(instance)
        rig.work(PROGRAM)
        started = rig.client.wait_for_orchestration_start(instance, timeout=10)
        assert started is not None
        assert started.runtime_status == OrchestrationStatus.RUNNING


def test_an_event_to_a_start_that_waits_is_lost_and_a_termination_ends_it() -> None:
    with running(PROGRAM, options=RACES) as rig:
        rig.clock.allow(rig.clock.now())
        later = datetime(2026, 1, 1, 1, tzinfo=UTC)
        for name in ("waits", "ends"):
            rig.start(waiter, instance_id=name, start_at=later)
        rig.client.raise_orchestration_event("waits", "go", data=1)
        rig.client.terminate_orchestration("ends")
        assert rig.end_of("ends").runtime_status == OrchestrationStatus.TERMINATED
        rig.clock.allow(None)
        rig.client.wait_for_orchestration_start("waits", timeout=10)
        assert rig.state("waits").runtime_status == OrchestrationStatus.RUNNING


def test_nothing_is_lost_of_an_instance_that_an_entity_started() -> None:
    only = pb.WorkItemFilters(entities=[pb.EntityFilter(name="register")])
    with running(options=RACES) as rig:
        rig.client.signal_entity(EntityInstanceId("register", "a"), "start")
        with bare(rig.address, workItemFilters=only) as worker:
            result = pb.EntityBatchResult(completionToken=worker.take().completionToken)
            result.results.add().success.CopyFrom(pb.OperationResultSuccess())
            start = pb.StartNewOrchestrationAction(instanceId="started", name="waiter")
            result.actions.add(startNewOrchestration=start)
            worker.stub.CompleteEntityTask(result)
        rig.client.raise_orchestration_event("started", "go", data=1)
        rig.work(PROGRAM)
        assert rig.end_of("started").serialized_output == "1"
