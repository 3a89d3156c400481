"""Durable functions through the real worker library and the embedded engine; more of it is in `tools/conformance`."""

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from emulators.functions_host.durable_tasks import DurableTasks
from emulators.functions_host.function_catalog import Binding, Function, FunctionCatalog
from emulators.functions_host.invoker import Invoker, Outcome
from emulators.functions_host.worker_exits import ExitMoment
from emulators.functions_host.worker_protocol import RpcException
from tests.emulators.functions_host.durable_runner import Runner
from tests.emulators.functions_host.recorder import recorded

pytestmark = pytest.mark.asyncio(loop_scope="module")


class FailingInvoker(Invoker):
    """Stands for a worker that cannot even call the function."""

    def __init__(self) -> None:
        pass

    async def run(self, *_: object, **__: object) -> Outcome:
        return Outcome("id", failure=RpcException("Broken: the worker is gone"))


def _tasks(kind: str, name: str) -> DurableTasks:
    binding = Binding(kind, "context", is_output=False, attributes={})
    return DurableTasks(FunctionCatalog((Function(name, "id", (binding,)),)), FailingInvoker())


async def test_an_entity_keeps_its_state_when_the_worker_fails() -> None:
    request = pb.EntityBatchRequest(
        instanceId="@counter@one",
        entityState=StringValue(value="7"),
        operations=[pb.OperationRequest(requestId=str(n), operation="add") for n in range(2)],
    )
    result = await _tasks("entityTrigger", "counter").operate(request)
    assert result.entityState.value == "7"
    assert len(result.results) == 0, "the batch failed as a whole"
    assert result.failureDetails.errorType == "FunctionInvocationFailed"
    assert result.failureDetails.errorMessage == "Invocation of function 'counter' failed with an exception."


async def test_an_orchestration_fails_when_the_worker_fails() -> None:
    started = pb.HistoryEvent(executionStarted=pb.ExecutionStartedEvent(name="Orchestration"))
    request = pb.OrchestratorRequest(instanceId="x", newEvents=[started])
    response = await _tasks("orchestrationTrigger", "orchestration").orchestrate(request)
    [action] = response.actions
    assert action.completeOrchestration.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
    assert action.completeOrchestration.failureDetails.errorMessage == "the worker is gone"


@pytest.mark.parametrize(
    ("activity", "kind", "message"),
    [
        ("fault", "ArmFault", "Throttled: slow down"),
        ("silent", "Silent", "Silent without a message"),
    ],
)
async def test_an_activitys_exception_reaches_the_orchestrator_as_on_azure(
    runner: Runner, activity: str, kind: str, message: str
) -> None:
    ended = await runner.run("describe_failure", activity)
    assert ended["output"] == {"type": kind, "message": message}


async def test_an_unknown_activity_fails_the_call(runner: Runner) -> None:
    ended = await runner.run("describe_failure", "never_written")
    assert ended["output"]["type"] == "ActivityFunctionNotFound"
    assert "'never_written'" in ended["output"]["message"]
    assert "fault" in ended["output"]["message"]


async def test_an_unknown_orchestrator_fails_the_instance(runner: Runner) -> None:
    ended = await runner.run("never_written")
    assert ended["runtimeStatus"] == "Failed"
    assert "The function 'never_written' doesn't exist" in ended["output"]


async def test_an_activity_called_without_input_gets_none(runner: Runner) -> None:
    assert (await runner.run("without_input"))["output"] == "ok"
    assert recorded() == [{"event": "no input", "value": None}]


async def test_no_more_activities_run_at_once_than_host_json_allows(runner: Runner) -> None:
    assert (await runner.run("fan_out", 12))["output"] == 12
    running = peak = 0
    for entry in recorded():
        running += 1 if entry["event"] == "begin" else -1
        peak = max(peak, running)
    assert peak == 3


async def test_an_unknown_entity_breaks_the_caller_past_its_try(runner: Runner) -> None:
    ended = await runner.run("unknown_entity")
    assert ended["runtimeStatus"] == "Failed"
    assert "Expecting value: line 1 column 1 (char 0)" in ended["output"]


async def test_the_client_binding_names_hub_engine_and_host(runner: Runner) -> None:
    hub, engine, base = (await runner.request("GET", "api/binding")).body.split()
    assert hub == "TestsHub"
    assert engine == f"http://{runner.host.engine_address}"
    assert base == f"{runner.url}/runtime/webhooks/durabletask"


async def _run(runner: Runner, name: str, given: object) -> dict[str, object]:
    """Starts through the host's own API: a function of the app that is under way would fail with the worker."""
    started = await runner.api("POST", f"orchestrators/{name}", json=given)
    return await runner.end(started.body["statusQueryGetUri"])


@pytest.mark.parametrize(("moment", "ran"), [(ExitMoment.BEFORE, 0), (ExitMoment.AFTER, 1)])
async def test_an_activity_whose_worker_exits_fails(runner: Runner, moment: ExitMoment, ran: int) -> None:
    runner.host.lose_worker_in("NO_INPUT", moment)
    ended = await _run(runner, "describe_failure", "no_input")
    assert ended["output"] == {
        "type": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
        "message": "Exception while executing function: Functions.no_input",
    }
    assert len(recorded()) == ran
    assert (await _run(runner, "describe_failure", "no_input"))["output"] == "did not fail"


async def test_an_operation_whose_worker_exits_breaks_its_caller_and_leaves_the_state(runner: Runner) -> None:
    runner.host.lose_worker_in("counter")
    ended = await _run(runner, "counts", "x")
    broken = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert (ended["runtimeStatus"], ended["output"]) == ("Failed", broken)
    output = (await runner.run("counts"))["output"]
    assert output["total"] == 7
    assert "in the entity" in output["failed"]
