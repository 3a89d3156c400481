"""Instances in the durable HTTP API: what Azure answers, in its shapes and status codes."""

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.functions_host.durable_instances import DurableInstances
from emulators.functions_host.engine_connection import EngineConnection
from tests.emulators.functions_host.durable_runner import Runner


async def test_the_status_of_a_running_instance_is_202_and_leads_back(runner: Runner) -> None:
    await runner.start("waits", "given", "first")
    await runner.until("first", "Running")
    found = await runner.api("GET", "instances/first?showInput=false")
    assert found.status == 202
    assert found.headers["Location"].endswith("/instances/first?showInput=false")
    assert found.headers["Retry-After"] == "5"
    assert found.body["input"] is None
    assert (await runner.api("GET", "instances/first")).body["input"] == "given"
    assert (await runner.api("GET", "INSTANCES/first/")).status == 202


async def test_events_and_custom_status(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="first")
    answer = await runner.api("POST", "instances/first/raiseEvent/go", json={"a": 1})
    assert (answer.status, answer.body) == (202, "")
    ended = await runner.end(status_url)
    assert set(ended) == {
        *("name", "instanceId", "runtimeStatus", "input", "customStatus", "output", "createdTime", "lastUpdatedTime")
    }
    assert (ended["name"], ended["output"], ended["customStatus"]) == ("waits", {"a": 1}, "waiting")


async def test_an_event_that_is_no_json_or_does_not_say_so_is_refused(runner: Runner) -> None:
    await runner.start("waits", instance_id="first")
    path = "instances/first/raiseEvent/go"
    assert (await runner.api("POST", path, data="{}", headers={"Content-Type": "text/plain"})).status == 400
    assert (await runner.api("POST", path, data="{", headers={"Content-Type": "application/json"})).status == 400


async def test_terminate_gives_the_reason_as_output_and_later_orders_are_410(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="first")
    assert (await runner.api("POST", "instances/first/terminate?reason=enough")).status == 202
    ended = await runner.end(status_url)
    assert (ended["runtimeStatus"], ended["output"]) == ("Terminated", "enough")
    for order in ("terminate", "suspend", "resume", "raiseEvent/go"):
        assert (await runner.api("POST", f"instances/first/{order}", json="x")).status == 410, order


async def test_a_suspended_instance_keeps_events_until_it_is_resumed(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="paused")
    await runner.until("paused", "Running")
    assert (await runner.api("POST", "instances/paused/suspend?reason=lunch")).status == 202
    await runner.until("paused", "Suspended")
    assert (await runner.api("POST", "instances/paused/raiseEvent/go", json="ok")).status == 202
    assert (await runner.api("POST", "instances/paused/resume")).status == 202
    assert (await runner.end(status_url))["output"] == "ok"


async def test_an_order_twice_is_500_as_the_extension_answers(runner: Runner) -> None:
    await runner.start("waits", instance_id="paused")
    await runner.until("paused", "Running")
    early = await runner.api("POST", "instances/paused/resume")
    assert (early.status, early.body["ExceptionType"]) == (500, "System.InvalidOperationException")
    assert early.body["ExceptionMessage"].endswith("paused because instance is in the Running state.")
    assert (await runner.api("POST", "instances/paused/suspend")).status == 202
    await runner.until("paused", "Suspended")
    assert (await runner.api("POST", "instances/paused/suspend")).status == 500


async def test_terminate_leaves_sub_orchestrations_running(runner: Runner) -> None:
    await runner.start("mother", instance_id="mother")
    await runner.until("daughter", "Running")
    assert (await runner.api("POST", "instances/mother/terminate")).status == 202
    await runner.until("mother", "Terminated")
    assert (await runner.api("POST", "instances/daughter/raiseEvent/go", json=3)).status == 202
    assert (await runner.until("daughter", "Completed"))["output"] == 3


@pytest.mark.parametrize(
    ("order", "code", "status"),
    [
        ("raiseEvent/go", grpc.StatusCode.FAILED_PRECONDITION, 410),
        ("raiseEvent/go", grpc.StatusCode.NOT_FOUND, 404),
        ("terminate", grpc.StatusCode.FAILED_PRECONDITION, 410),
        ("suspend", grpc.StatusCode.NOT_FOUND, 404),
    ],
)
async def test_an_instance_that_ends_between_the_look_and_the_order_is_no_500(
    order: str, code: grpc.StatusCode, status: int
) -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _Racing(code).handle)
    async with TestClient(TestServer(app)) as client:
        path = f"/runtime/webhooks/durabletask/instances/gone/{order}"
        assert (await client.post(path, json=1)).status == status


class _Refused(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "refused"


class _RacingEngine(EngineConnection):
    """An engine whose instance runs when it is looked at, and has ended when an order comes."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    async def find(self, instance_id: str) -> pb.OrchestrationState:
        return pb.OrchestrationState(instanceId=instance_id, orchestrationStatus=pb.ORCHESTRATION_STATUS_RUNNING)

    async def call(self, method: str, request: object) -> object:
        raise _Refused(self._code)


class _Racing:
    """The orders of the API on a `_RacingEngine`."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._instances = DurableInstances(_RacingEngine(code))

    async def handle(self, request: web.Request) -> web.Response:
        order = request.path.partition("/gone/")[2]
        if order.startswith("raiseEvent"):
            return await self._instances.raise_event(request, "gone", "go")
        return await getattr(self._instances, order)(request, "gone")


async def test_a_failed_instance_is_500_when_asked_for(runner: Runner) -> None:
    status_url = await runner.start("raising")
    assert (await runner.end(status_url))["runtimeStatus"] == "Failed"
    async with runner.http.get(f"{status_url}&returnInternalServerErrorOnFailure=true") as answer:
        assert answer.status == 500


async def test_history_has_one_entry_for_each_task_and_its_output_when_asked_for(runner: Runner) -> None:
    await runner.end(await runner.start("chain", {"n": 20}, "reported"))
    bare = (await runner.api("GET", "instances/reported?showHistory=true")).body["historyEvents"]
    assert [entry["EventType"] for entry in bare] == [
        *("ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted")
    ]
    assert [entry.get("FunctionName") for entry in bare] == ["chain", "double", "renamed", None]
    assert not any("Result" in entry for entry in bare)
    assert bare[1]["ScheduledTime"] <= bare[1]["Timestamp"]
    assert bare[3]["OrchestrationStatus"] == "Completed"
    path = "instances/reported?showHistory=true&showHistoryOutput=true&showInput=false"
    full = (await runner.api("GET", path)).body["historyEvents"]
    assert [entry.get("Result") for entry in full] == [None, 40, 41, 41]
    assert not any("Input" in entry for entry in full)


async def test_history_of_a_failed_activity_reports_why(runner: Runner) -> None:
    await runner.end(await runner.start("describe_failure", "fault", "reported"))
    entries = (await runner.api("GET", "instances/reported?showHistory=true")).body["historyEvents"]
    assert (entries[1]["EventType"], entries[1]["Reason"]) == ("TaskFailed", "Throttled: slow down")


async def test_the_list_has_pages_and_filters(runner: Runner) -> None:
    for number in range(3):
        await runner.end(await runner.start("chain", {"n": number}, f"batch-{number}"))
    await runner.start("waits", instance_id="alone")
    await runner.until("alone", "Running")
    first = await runner.api("GET", "instances?top=3")
    token = first.headers["x-ms-continuation-token"]
    rest = await runner.api("GET", "instances/?top=3", headers={"x-ms-continuation-token": token})
    assert "x-ms-continuation-token" not in rest.headers
    found = {item["instanceId"]: item["output"] for item in first.body + rest.body}
    assert found == {"batch-0": 1, "batch-1": 3, "batch-2": 5, "alone": None}, "in which order, the engine decides"
    for query, count in (
        ("runtimeStatus=Running", 1),
        ("runtimeStatus=Running,Completed", 4),
        ("runtimeStatus=Running&runtimeStatus=Completed", 4),
        ("runtimeStatus=running", 4),  # a name that is none is left out, and so is the filter
        ("instanceIdPrefix=batch-", 3),
        ("createdTimeFrom=2030-01-01T00:00:00Z", 0),
        ("createdTimeTo=2030-01-01T00:00:00Z", 4),
        ("createdTimeTo=2020-01-01T00:00:00", 0),
        ("createdTimeFrom=whenever", 4),
    ):
        assert len((await runner.api("GET", f"instances?{query}")).body) == count, query
    assert {item["input"] for item in (await runner.api("GET", "instances?showInput=false")).body} == {None}


async def test_purge_of_one_forgets_it_once_it_has_ended(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="first")
    early = await runner.api("DELETE", "instances/first")
    assert early.status == 412
    assert "first" in early.body
    await runner.api("POST", "instances/first/raiseEvent/go", json=1)
    await runner.end(status_url)
    done = await runner.api("DELETE", "instances/first")
    assert (done.status, done.body) == (200, {"instancesDeleted": 1})
    assert (await runner.api("GET", "instances/first")).status == 404
    assert (await runner.api("DELETE", "instances/first")).status == 404


async def test_purge_by_filter_needs_a_beginning_and_reports_how_many(runner: Runner) -> None:
    for number in range(2):
        await runner.end(await runner.start("chain", {"n": number}, f"batch-{number}"))
    await runner.end(await runner.start("raising", instance_id="failed"))
    assert (await runner.api("DELETE", "instances?runtimeStatus=Completed")).status == 400
    path = "instances?createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Completed"
    assert (await runner.api("DELETE", path)).body == {"instancesDeleted": 2}
    assert (await runner.api("DELETE", path)).status == 404
    assert (await runner.api("GET", "instances/failed")).status == 200


async def test_rewind_runs_again_what_failed_and_only_that(runner: Runner) -> None:
    status_url = await runner.start("fails_once", instance_id="first")
    assert (await runner.end(status_url))["runtimeStatus"] == "Failed"
    assert (await runner.api("POST", "instances/first/rewind?reason=mended")).status == 202
    ended = await runner.until("first", "Completed")
    assert ended["output"] == 4
    late = await runner.api("POST", "instances/first/rewind")
    assert late.status == 412
    assert "Completed" in late.body


async def test_what_does_not_exist_is_404(runner: Runner) -> None:
    for method, path in (
        ("GET", "instances/nobody"),
        ("DELETE", "instances/nobody"),
        ("POST", "instances/nobody/terminate"),
        ("POST", "instances/nobody/rewind"),
        ("POST", "instances/nobody/raiseEvent/go"),
        ("POST", "instances/nobody/dance"),
        ("PUT", "instances/nobody"),
        ("POST", "instances"),
        ("GET", "orchestrators/chain"),
        ("PATCH", "entities/counter/one"),
        ("GET", "nonsense"),
    ):
        assert (await runner.api(method, path)).status == 404, (method, path)
