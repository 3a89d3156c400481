"""The durable HTTP API: what Azure answers, in its shapes and status codes."""

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.functions_host.durable_instances import DurableInstances
from emulators.functions_host.engine_connection import EngineConnection
from tests.emulators.functions_host.durable_runner import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")
_JSON = {"Content-Type": "application/json"}


async def test_a_start_answers_202_with_addresses_that_work(runner: Runner) -> None:
    started = await runner.api("POST", "orchestrators/CHAIN/mine", json={"n": 20})
    assert (started.status, started.headers["Retry-After"]) == (202, "10")
    assert started.headers["Location"] == started.body["statusQueryGetUri"]
    assert set(started.body) == {
        *("id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri"),
        *("restartPostUri", "suspendPostUri", "resumePostUri"),
    }
    assert "taskHub=TestsHub" in started.body["restartPostUri"]
    ended = await runner.end(started.body["statusQueryGetUri"])
    assert (ended["instanceId"], ended["output"]) == ("mine", 41)
    unnamed = await runner.api("POST", "orchestrators/chain", json={"n": 1})
    assert len(unnamed.body["id"]) == 32


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("chain/@x", "1", 400), (f"chain/{'i' * 513}", "1", 500), ("chain", "{", 400)],
    ids=["entity's id", "long id", "no JSON"],
)
async def test_a_bad_start_is_refused(runner: Runner, path: str, body: str, status: int) -> None:
    refused = await runner.api("POST", f"orchestrators/{path}", data=body)
    assert (refused.status, list(refused.body)) == (status, ["Message"])


@pytest.mark.parametrize("instance", ["a%23b", "a%5Cb", "a%3Fb", "c%C3%BC", "i" * 512])
async def test_other_ids_are_taken_as_the_extension_takes_them(runner: Runner, instance: str) -> None:
    started = await runner.api("POST", f"orchestrators/waits/{instance}")
    assert started.status == 202
    assert f"/instances/{instance}?" in started.body["statusQueryGetUri"]
    found = await runner.api("GET", f"instances/{instance}")
    assert (found.status, found.body["input"]) == (202, None)


async def test_a_run_is_started_with_the_given_version(runner: Runner) -> None:
    started = await runner.api("POST", "orchestrators/versioned?version=0.9", json="x")
    assert (await runner.end(started.body["statusQueryGetUri"]))["output"] == "0.9"


async def test_a_running_id_is_409_and_a_finished_one_makes_room(runner: Runner) -> None:
    assert (await runner.api("POST", "orchestrators/waits/again", json="x")).status == 202
    await runner.until("again", "Running")
    busy = await runner.api("POST", "orchestrators/waits/again", json="x")
    assert busy.status == 409
    assert busy.body == {"Message": "An Orchestration instance with the status Running already exists."}
    await runner.api("POST", "instances/again/terminate")
    await runner.until("again", "Terminated")
    assert (await runner.api("POST", "orchestrators/chain/again", json={"n": 2})).status == 202
    assert (await runner.until("again", "Completed"))["output"] == 5


async def test_status_and_event(runner: Runner) -> None:
    status_url = await runner.start("waits", "given", "first")
    await runner.until("first", "Running")
    found = await runner.api("GET", "INSTANCES/first/")
    assert (found.status, found.headers["Retry-After"], found.body["input"]) == (202, "5", "given")
    assert found.headers["Location"].endswith("/INSTANCES/first/")
    path = "instances/first/raiseEvent/go"
    assert (await runner.api("POST", path, data="{}", headers={"Content-Type": "text/plain"})).status == 400
    assert (await runner.api("POST", path, data="{", headers=_JSON)).status == 400
    answer = await runner.api("POST", path, json={"a": 1})
    assert (answer.status, answer.body) == (202, "")
    ended = await runner.end(status_url)
    assert set(ended) == {
        *("name", "instanceId", "runtimeStatus", "input", "customStatus", "output", "createdTime", "lastUpdatedTime")
    }
    assert (ended["name"], ended["output"], ended["customStatus"]) == ("waits", {"a": 1}, "waiting")


async def test_terminate_gives_the_reason_as_output_and_later_orders_are_410(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="ended")
    assert (await runner.api("POST", "instances/ended/terminate?reason=enough")).status == 202
    ended = await runner.end(status_url)
    assert (ended["runtimeStatus"], ended["output"]) == ("Terminated", "enough")
    for order in ("terminate", "suspend", "resume", "raiseEvent/go"):
        assert (await runner.api("POST", f"instances/ended/{order}", json="x")).status == 410, order


async def test_a_suspended_instance_keeps_events_and_an_order_twice_is_500(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="paused")
    await runner.until("paused", "Running")
    early = await runner.api("POST", "instances/paused/resume")
    assert (early.status, early.body["ExceptionType"]) == (500, "System.InvalidOperationException")
    assert early.body["ExceptionMessage"].endswith("paused because instance is in the Running state.")
    assert (await runner.api("POST", "instances/paused/suspend?reason=lunch")).status == 202
    await runner.until("paused", "Suspended")
    assert (await runner.api("POST", "instances/paused/suspend")).status == 500
    assert (await runner.api("POST", "instances/paused/raiseEvent/go", json="ok")).status == 202
    assert (await runner.api("POST", "instances/paused/resume")).status == 202
    assert (await runner.end(status_url))["output"] == "ok"


async def test_terminate_leaves_sub_orchestrations_running(runner: Runner) -> None:
    await runner.start("mother", instance_id="mother")
    await runner.until("daughter", "Running")
    assert (await runner.api("POST", "instances/mother/terminate")).status == 202
    await runner.until("mother", "Terminated")
    assert (await runner.api("POST", "instances/daughter/raiseEvent/go", json=3)).status == 202
    assert (await runner.until("daughter", "Completed"))["output"] == 3


async def test_purge_forgets_an_instance_once_it_has_ended(runner: Runner) -> None:
    status_url = await runner.start("waits", instance_id="purged")
    early = await runner.api("DELETE", "instances/purged")
    assert early.status == 412
    assert "purged" in early.body
    await runner.api("POST", "instances/purged/raiseEvent/go", json=1)
    await runner.end(status_url)
    done = await runner.api("DELETE", "instances/purged")
    assert (done.status, done.body) == (200, {"instancesDeleted": 1})
    assert (await runner.api("GET", "instances/purged")).status == 404


@pytest.mark.parametrize("request_line", ["GET ", "DELETE ", "POST /terminate", "POST /suspend", "POST /raiseEvent/go"])
async def test_an_unknown_instance_is_404(runner: Runner, request_line: str) -> None:
    method, _, path = request_line.partition(" ")
    assert (await runner.api(method, f"instances/nobody{path}")).status == 404


@pytest.mark.parametrize(
    "request_line",
    [
        *(
            "GET instances",
            "DELETE instances",
            "PUT instances/x",
            "POST instances/x/rewind",
            "GET entities/counter/one",
        ),
        *("GET instances/x?showHistory=true", "POST orchestrators/chain?timeout=1", "GET orchestrators/chain"),
    ],
)
async def test_the_rest_of_the_api_is_501(runner: Runner, request_line: str) -> None:
    answer = await runner.api(*request_line.split())
    assert answer.status == 501
    assert "this host has only POST orchestrators/NAME[/ID]" in answer.body


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
