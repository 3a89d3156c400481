"""Which runs the engine reports as ended without having recovered their VM."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import azure.durable_functions as df
from durabletask import task
from durabletask.client import AsyncTaskHubGrpcClient

from activities.find_ended_runs import find_ended_runs
from activities.read_run_state import read_run_state
from contracts.activities.cleanup import EndedRun, FindEndedRuns
from contracts.activities.vm import ReadRunState, RunStateRead
from contracts.catalog import GOLDEN_IMAGE
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState
from contracts.ids import publication_id
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.task_hub import VirtualClock
from tests.support.engine import RunningEngine, engine
from tests.support.requests import job
from tests.support.running import wait_for_stage

EVER = datetime(2020, 1, 1, tzinfo=UTC)


def golden_image(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Generator[task.Task[Any], Any, Any]:
    """A VM's run that does what its request says: stay in a `stage`, raise, or return a result."""
    wanted = request["wanted"]
    ctx.set_custom_status({"stage": wanted["stage"]})
    if wanted.get("result") is not None:
        return wanted["result"]
    if wanted.get("raises"):
        yield ctx.create_timer(timedelta(seconds=wanted["after"]))
        raise RuntimeError("broke")
    yield ctx.wait_for_external_event("never")
    return None


assert golden_image.__name__ == GOLDEN_IMAGE


def begin(
    running: RunningEngine,
    name: str,
    stage: Stage,
    *,
    result: Any = None,
    raises: bool = False,
    after: float = 1,
    **more: Any,
) -> VmJob:
    asked = job(name, request_id=name, **more)
    wanted = {"stage": stage, "result": result, "raises": raises, "after": after}
    document = asked.model_dump(mode="json", exclude_none=True) | {"wanted": wanted}
    running.client.schedule_new_orchestration(GOLDEN_IMAGE, input=document, instance_id=asked.run_id)
    if result is not None or raises:
        running.end_of(asked.run_id)
    else:
        wait_for_stage(running, asked.run_id, stage)
    return asked


def terminated(running: RunningEngine, name: str, stage: Stage, **more: Any) -> VmJob:
    asked = begin(running, name, stage, **more)
    running.client.terminate_orchestration(asked.run_id)
    running.end_of(asked.run_id)
    return asked


def ended(
    asked: VmJob, code: FailureCode | None, stage: Stage = Stage.STOPPING, power: PowerState | None = None
) -> dict[str, Any]:
    result = VmResult(
        run_id=asked.run_id,
        request_id=asked.request_id,
        vm_id=asked.target.vm_id,
        mode=asked.target.mode,
        dry_run=False,
        outcome=Outcome.FAILED if code else Outcome.GENERALIZED,
        ended_in=stage,
        failure=Failure.of(code, "seen") if code else None,
        power_state=power,
    )
    return result.model_dump(mode="json", exclude_none=True)


async def found(running: RunningEngine, since: datetime = EVER, begun_since: datetime = EVER) -> dict[str, EndedRun]:
    client = AsyncTaskHubGrpcClient(host_address=running.address)
    try:
        answer = await find_ended_runs(
            FindEndedRuns(since=since, begun_since=begun_since), cast("df.DurableFunctionsClient", client)
        )
    finally:
        await client.close()
    return {run.vm_id.name: run for run in answer.runs}


async def test_runs_that_were_terminated_or_broke_while_their_vm_may_have_stopped() -> None:
    with engine({}, orchestrations=(golden_image,)) as running:
        stopping = terminated(running, "stopping", Stage.STOPPING)
        terminated(running, "inspecting", Stage.INSPECTING)
        terminated(running, "waiting", Stage.AWAITING_APPROVAL)
        terminated(running, "dry", Stage.STOPPING, dry_run=True)
        begin(running, "broken", Stage.DEALLOCATING, raises=True)
        begin(running, "alive", Stage.STOPPING)
        runs = await found(running)
        none_since_then = await found(running, datetime(2100, 1, 1, tzinfo=UTC))
    assert set(runs) == {"stopping", "broken"}
    assert runs["stopping"] == EndedRun(run_id=stopping.run_id, vm_id=stopping.target.vm_id, stage=Stage.STOPPING)
    assert runs["broken"].stage is Stage.DEALLOCATING
    assert none_since_then == {}


async def test_it_is_the_end_of_a_run_that_counts_not_its_beginning() -> None:
    """A run may wait for an approval for a week, and longer for other things."""
    clock = VirtualClock()
    begun = clock.now()
    with engine({}, clock, orchestrations=(golden_image,)) as running:
        begin(running, "slow", Stage.STOPPING, raises=True, after=timedelta(days=20).total_seconds())
        week = begun + timedelta(days=20) - timedelta(days=7)
        assert set(await found(running, week, week - timedelta(days=30))) == {"slow"}
        assert await found(running, week, week) == {}
        assert await found(running, begun + timedelta(days=21), EVER) == {}


async def test_a_clone_is_no_vm_to_recover() -> None:
    image = {"kind": "managedImage", "imageId": job().target.vm_id.__str__().replace("virtualMachines", "images")}
    with engine({}, orchestrations=(golden_image,)) as running:
        terminated(running, "clone", Stage.STOPPING, target={"mode": "clone", "image": image})
        assert await found(running) == {}


async def test_runs_that_failed_and_did_not_leave_their_vm_deallocated_whatever_the_code() -> None:
    others = FailureCode.STARTED_EXTERNALLY
    cases: list[tuple[FailureCode | None, PowerState | None, bool]] = [
        *((code, state, True) for code in FailureCode if code is not others for state in (PowerState.STOPPED, None)),
        # A VM that somebody else started is his.
        (others, PowerState.RUNNING, False),
        (others, PowerState.STOPPED, True),
        (FailureCode.UNEXPECTED, PowerState.UNKNOWN, True),
        (FailureCode.STOPPED_WITHOUT_PROOF, PowerState.DEALLOCATED, False),
        (None, PowerState.STOPPED, False),
    ]
    with engine({}, orchestrations=(golden_image,)) as running:
        for number, (code, state, _) in enumerate(cases):
            asked = job(f"vm{number}", request_id=f"vm{number}")
            begin(running, f"vm{number}", Stage.FAILED, result=ended(asked, code, power=state))
        early = job("early", request_id="early")
        result = ended(early, FailureCode.SNAPSHOT_FAILED, Stage.CUSTOMIZING, power=PowerState.RUNNING)
        begin(running, "early", Stage.FAILED, result=result)
        runs = await found(running)
    assert set(runs) == {f"vm{number}" for number, (_, _, expected) in enumerate(cases) if expected}
    assert {run.stage for run in runs.values()} == {Stage.STOPPING}


async def test_what_cannot_be_read_is_passed_over() -> None:
    with engine({}, orchestrations=(golden_image,)) as running:
        begin(running, "vm1", Stage.FAILED, result={"of": "another version"})
        stopping = terminated(running, "vm2", Stage.STOPPING)
        assert [run.run_id for run in (await found(running)).values()] == [stopping.run_id]


async def states_of(running: RunningEngine, *run_ids: str) -> list[RunStateRead]:
    client = AsyncTaskHubGrpcClient(host_address=running.address)
    try:
        bound = cast("df.DurableFunctionsClient", client)
        return [await read_run_state(ReadRunState(run_id=run_id), bound) for run_id in run_ids]
    finally:
        await client.close()


async def test_only_a_run_that_is_known_and_not_over_is_alive() -> None:
    with engine({}, orchestrations=(golden_image,)) as running:
        alive, over = begin(running, "vm1", Stage.STOPPING), terminated(running, "vm2", Stage.STOPPING)
        states = await states_of(running, alive.run_id, over.run_id, "vm-unknown-0")
    assert [(state.alive, state.known) for state in states] == [(True, True), (False, True), (False, False)]


async def test_a_run_is_alive_as_long_as_its_publication_is() -> None:
    """Terminating a run does not terminate its sub-orchestration that publishes."""

    def publish(running: RunningEngine, run_id: str) -> None:
        document = {"wanted": {"stage": Stage.PUBLISHING}}
        running.client.schedule_new_orchestration(GOLDEN_IMAGE, input=document, instance_id=publication_id(run_id))
        wait_for_stage(running, publication_id(run_id), Stage.PUBLISHING)

    with engine({}, orchestrations=(golden_image,)) as running:
        over = terminated(running, "vm1", Stage.PUBLISHING).run_id
        publish(running, over)
        publish(running, "vm-purged-0")
        publishing = await states_of(running, over, "vm-purged-0")
        for run_id in (over, "vm-purged-0"):
            running.client.terminate_orchestration(publication_id(run_id))
            running.end_of(publication_id(run_id))
        ended_too = await states_of(running, over, "vm-purged-0")
    assert publishing == [RunStateRead(alive=True, known=True)] * 2
    assert ended_too == [RunStateRead(alive=False, known=True)] * 2
