"""A lease that fails or does not answer loses neither a result nor a finished clone."""

import time
from collections.abc import Callable, Generator
from typing import Any

import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId

from contracts.entity_keys import vm_lease_key
from contracts.error_codes import RefusalCode
from contracts.results import Outcome
from orchestrators.entities.lease_client import call_lease as real_call
from orchestrators.golden_image.orchestrator import golden_image
from orchestrators.image_batch.orchestrator import image_batch
from orchestrators.publish_image.orchestrator import publish_image
from tests.orchestrators.golden_image.test_clone import asked, source
from tests.support.engine import RunningEngine, engine
from tests.support.requests import job
from tests.support.running import fleet, run


def breaking(entity: str, times: int) -> tuple[Callable[..., Any], list[str]]:
    """Return a `call_lease` that fails `times` times for this entity, as the SDK does on an answer that is not JSON."""
    broken: list[str] = []

    def call_lease(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Generator[task.Task[Any], Any, Any]:
        if request["entity"] == entity and (ctx.instance_id in broken or len(broken) < times):
            broken.append(ctx.instance_id)
            raise ValueError("Expecting value: line 1 column 1 (char 0)")
        return (yield from real_call(ctx, request))

    return call_lease, broken


def silent_lease(ctx: task.OrchestrationContext, _request: dict[str, Any]) -> Generator[task.Task[Any], Any, Any]:
    """Wait for an answer that never comes, as where entity calls are dropped."""
    yield ctx.wait_for_external_event("never")


silent_lease.__name__ = "call_lease"


@pytest.mark.parametrize("times", [1, 4])
def test_a_vm_lease_that_fails_is_called_again(times: int) -> None:
    (clock, azure), (call_lease, broken) = fleet("vm1"), breaking("vm_lease", times)
    with engine(azure.activities(), clock, orchestrations=(golden_image, call_lease)) as running:
        result = run(running, job(target={"rollbackSnapshot": False}))
        again = run(running, job(request_id="r2", target={"rollbackSnapshot": False}))
    assert len(set(broken)) == times
    assert result.outcome is Outcome.GENERALIZED
    assert again.outcome is Outcome.ALREADY_GENERALIZED, "the lease was released"
    assert len(azure.sent) == 2


@pytest.mark.parametrize("call_lease", [breaking("vm_lease", 99)[0], silent_lease], ids=["breaks", "silent"])
def test_a_lease_without_an_answer_is_a_refusal_with_a_remediation(call_lease: Callable[..., Any]) -> None:
    clock, azure = fleet("vm1")
    with engine(azure.activities(), clock, orchestrations=(golden_image, image_batch, call_lease)) as running:
        result = run(running, job())
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.LEASE_UNAVAILABLE]
    assert "entityMessageReorderWindowInMinutes" in result.refusals[0].remediation
    assert azure.guests["vm1"].requested == 0
    assert len(azure.sent) == 1, "every run ends with its result document"


def test_no_finished_clone_is_lost_to_a_definition_lease_that_fails() -> None:
    """More failures than one turn retries: publishing tries again until its own deadline."""
    (clock, azure), (call_lease, broken) = fleet(), breaking("definition_lease", 12)
    source(azure)
    with engine(azure.activities(), clock, orchestrations=(golden_image, publish_image, call_lease)) as running:
        result = run(running, asked())
    assert result.outcome is Outcome.PUBLISHED, result
    assert len(set(broken)) == 12


def frozen(ctx: task.OrchestrationContext, _request: dict[str, Any]) -> Generator[task.Task[Any], Any, Any]:
    """Lock the lease and keep it, as an entity whose worker went away: every other call waits."""
    with (yield ctx.lock_entities([EntityInstanceId(*vm_lease_key(job().target.vm_id))])):
        yield ctx.wait_for_external_event("never")


def test_an_entity_that_never_answers_holds_no_run_and_leaves_no_call_behind() -> None:
    clock, azure = fleet("vm1")
    with engine(azure.activities(), clock, orchestrations=(golden_image, real_call, frozen)) as running:
        running.client.schedule_new_orchestration("frozen", input={}, instance_id="frozen")
        wait_until_locked(running)
        result = run(running, job())
        left = [
            state.instance_id
            for state in running.client.get_all_orchestration_states()
            if state.name == "call_lease" and state.runtime_status is not OrchestrationStatus.COMPLETED
        ]
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.LEASE_UNAVAILABLE]
    assert left == []


def wait_until_locked(running: RunningEngine) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        state = running.client.get_orchestration_state("frozen")
        if state is not None and state.runtime_status is OrchestrationStatus.RUNNING and running.backend.is_idle():
            return
        time.sleep(0.01)
    raise AssertionError("the entity was not locked")
