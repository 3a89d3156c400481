"""A worker whose process ends in a call: what each kind of function makes of it, as seen with the real extension."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulators.functions_host import FunctionsHost, MemoryEngine
from emulators.functions_host.engines import Engine, SqliteEngine
from emulators.functions_host.worker_exits import ExitMoment, WorkerExits, WorkerProcessExitException
from tests.emulators.functions_host.conftest import Queues, StartHost, until
from tests.emulators.functions_host.durable_runner import Runner

type Records = Callable[[], list[dict[str, Any]]]
_BROKEN = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return SqliteEngine(tmp_path / "hub.db", races=False) if request.param == "sqlite" else MemoryEngine()


async def _run(host: FunctionsHost, http: aiohttp.ClientSession, name: str, given: object) -> dict[str, Any]:
    """Starts through the host's own API: a function of the app that is under way would fail with the worker."""
    runner = Runner(host.url, host.engine_address, http)
    started = await runner.api("POST", f"orchestrators/{name}", json=given)
    return await runner.end(started.body["statusQueryGetUri"])


@pytest.mark.parametrize(("moment", "ran"), [(ExitMoment.BEFORE, 0), (ExitMoment.AFTER, 1)])
async def test_an_activity_fails(
    start_host: StartHost,
    http: aiohttp.ClientSession,
    records: Records,
    engine: Engine,
    moment: ExitMoment,
    ran: int,
) -> None:
    async with start_host("durable", settings={"HUB": "Hub"}, engine=engine) as host:
        host.lose_worker_in("NO_INPUT", moment)
        ended = await _run(host, http, "describe_failure", "no_input")
        assert ended["output"] == {
            "type": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
            "message": "Exception while executing function: Functions.no_input",
        }
        assert len(records()) == ran
        assert (await _run(host, http, "describe_failure", "no_input"))["output"] == "did not fail"


async def test_an_entitys_operation_breaks_its_caller_and_leaves_the_state(
    start_host: StartHost, http: aiohttp.ClientSession, engine: Engine
) -> None:
    async with start_host("durable", settings={"HUB": "Hub"}, engine=engine) as host:
        host.lose_worker_in("counter")
        runner = Runner(host.url, host.engine_address, http)
        ended = await _run(host, http, "counts", "x")
        assert (ended["runtimeStatus"], ended["output"]) == ("Failed", _BROKEN)
        assert (await runner.api("GET", "entities/counter/one")).status == 404
        assert (await _run(host, http, "counts", "x"))["output"]["total"] == 7


async def test_an_orchestrators_turn_is_tried_again(
    start_host: StartHost, http: aiohttp.ClientSession, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_host("durable", settings={"HUB": "Hub"}, engine=engine) as host:
        host.lose_worker_in("chain")
        ended = await _run(host, http, "chain", {"n": 1})
        assert (ended["runtimeStatus"], ended["output"]) == ("Completed", 3)
    assert caplog.text.count("ended in a turn of chain; it is abandoned, and the engine sends it again") == 1


async def test_a_queue_message_is_delivered_again(start_host: StartHost, queues: Queues, records: Records) -> None:
    settings = {"AzureWebJobsStorage": queues.connection_string, "PREFIX": queues.prefix}
    async with start_host("queues", settings=settings) as host:
        host.lose_worker_in("on_message")
        await queues.send("in", "again")
        await until(lambda: [r["event"] for r in records()] == ["begin", "end", "begin", "end"])
    assert [r["dequeue_count"] for r in records() if r["event"] == "begin"] == [1, 2]


async def test_an_http_request_is_answered_with_500(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("logs") as host:
        host.lose_worker_in("sync_log")
        for status in (500, 200):
            async with http.get(f"{host.url}/api/sync") as answer:
                assert answer.status == status


async def test_every_call_under_way_fails_with_it_and_the_next_one_works() -> None:
    exits, open_now = WorkerExits(), asyncio.Event()

    async def slow() -> str:
        open_now.set()
        await asyncio.Event().wait()
        return "never"

    async def quick() -> str:
        return "answer"

    exits.choose("quick")
    under_way = asyncio.create_task(exits.run("slow", slow))
    await open_now.wait()
    with pytest.raises(WorkerProcessExitException, match="exited with code 137"):
        await exits.run("Quick", quick)
    with pytest.raises(WorkerProcessExitException):
        await under_way
    assert await exits.run("quick", quick) == "answer"
