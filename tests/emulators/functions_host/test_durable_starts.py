"""Starting and restarting through the durable HTTP API."""

from pathlib import Path

import aiohttp
import pytest

from emulators.functions_host import MemoryEngine
from emulators.functions_host.engines import SqliteEngine
from tests.emulators.functions_host.conftest import StartHost
from tests.emulators.functions_host.durable_runner import Runner


async def test_a_start_answers_202_with_addresses_that_work(runner: Runner) -> None:
    started = await runner.api("POST", "orchestrators/chain/mine", json={"n": 20})
    assert (started.status, started.headers["Retry-After"]) == (202, "10")
    assert started.headers["Location"] == started.body["statusQueryGetUri"]
    assert set(started.body) == {
        *("id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri"),
        *("restartPostUri", "suspendPostUri", "resumePostUri"),
    }
    assert "taskHub=TestsHub" in started.body["restartPostUri"]
    ended = await runner.end(started.body["statusQueryGetUri"])
    assert (ended["instanceId"], ended["output"]) == ("mine", 41)


async def test_without_an_id_the_run_gets_one_and_names_match_in_any_case(runner: Runner) -> None:
    started = await runner.api("POST", "orchestrators/CHAIN", json={"n": 1})
    assert len(started.body["id"]) == 32
    assert (await runner.end(started.body["statusQueryGetUri"]))["output"] == 3


async def test_the_caller_can_wait_for_the_output(runner: Runner) -> None:
    answer = await runner.api("POST", "orchestrators/chain?timeout=10&pollingInterval=1", json={"n": 4})
    assert (answer.status, answer.body) == (200, 9)
    failed = await runner.api("POST", "orchestrators/raising?timeout=10&pollingInterval=1", json="x")
    assert (failed.status, failed.body["runtimeStatus"]) == (200, "Failed")
    late = await runner.api("POST", "orchestrators/waits/slow?timeout=0.05&pollingInterval=0.01", json="x")
    assert (late.status, late.body["id"]) == (202, "slow")
    wrong = await runner.api("POST", "orchestrators/chain?timeout=1&pollingInterval=2", json={"n": 4})
    assert wrong.status == 400


@pytest.mark.parametrize(("instance", "status"), [("@x", 400), ("i" * 513, 500)])
async def test_a_bad_id_is_refused(runner: Runner, instance: str, status: int) -> None:
    refused = await runner.api("POST", f"orchestrators/chain/{instance}", json=1)
    assert (refused.status, list(refused.body)) == (status, ["Message"])


@pytest.mark.parametrize("instance", ["a%23b", "a%5Cb", "a%3Fb", "c%C3%BC", "i" * 512])
async def test_other_ids_are_taken_as_the_extension_takes_them(runner: Runner, instance: str) -> None:
    started = await runner.api("POST", f"orchestrators/waits/{instance}", json=1)
    assert started.status == 202
    assert f"/instances/{instance}?" in started.body["statusQueryGetUri"]


async def test_an_unknown_orchestrator_is_taken_and_its_run_fails(runner: Runner) -> None:
    started = await runner.api("POST", "orchestrators/nobody", json=1)
    assert started.status == 202
    ended = await runner.end(started.body["statusQueryGetUri"])
    assert ended["runtimeStatus"] == "Failed"
    assert "The function 'nobody' doesn't exist" in str(ended["output"])


async def test_no_json_is_400_and_nothing_is_no_input(runner: Runner) -> None:
    assert (await runner.api("POST", "orchestrators/chain", data="{")).status == 400
    started = await runner.api("POST", "orchestrators/waits/empty")
    assert started.status == 202
    assert (await runner.api("GET", "instances/empty")).body["input"] is None


async def test_a_running_id_is_409_and_a_finished_one_makes_room(runner: Runner) -> None:
    assert (await runner.api("POST", "orchestrators/waits/mine", json="x")).status == 202
    await runner.until("mine", "Running")
    busy = await runner.api("POST", "orchestrators/waits/mine", json="x")
    assert busy.status == 409
    assert busy.body == {"Message": "An Orchestration instance with the status Running already exists."}
    await runner.api("POST", "instances/mine/terminate")
    await runner.until("mine", "Terminated")
    assert (await runner.api("POST", "orchestrators/chain/mine", json={"n": 2})).status == 202
    assert (await runner.until("mine", "Completed"))["output"] == 5


async def test_restart_takes_a_new_id_unless_reported_to_keep_it(runner: Runner) -> None:
    assert (await runner.api("POST", "instances/nobody/restart")).status == 400
    await runner.start("waits", "given", "first")
    await runner.until("first", "Running")
    other = await runner.api("POST", "instances/first/restart")
    assert other.status == 202
    assert other.body["id"] != "first"
    assert (await runner.until(other.body["id"], "Running"))["input"] == "given"
    same = "instances/first/restart?restartWithNewInstanceId=false"
    assert (await runner.api("POST", same)).status == 409
    await runner.api("POST", "instances/first/terminate")
    await runner.until("first", "Terminated")
    again = await runner.api("POST", same)
    assert (again.status, again.body["id"]) == (202, "first")
    await runner.until("first", "Running")


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
async def test_the_default_version_of_host_json_goes_to_starts_that_name_none(
    start_host: StartHost, http: aiohttp.ClientSession, tmp_path: Path, engine: str
) -> None:
    settings = {"HUB": "Hub", "AzureFunctionsJobHost__extensions__durableTask__defaultVersion": "1.4.0"}
    resource = SqliteEngine(tmp_path / "task-hub.db", races=False) if engine == "sqlite" else MemoryEngine()
    async with start_host("durable", settings=settings, engine=resource) as host:
        runner = Runner(host.url, host.engine_address, http)
        wait = "timeout=10&pollingInterval=1"
        assert (await runner.api("POST", f"orchestrators/versioned?{wait}")).body == "1.4.0"
        assert (await runner.api("POST", f"orchestrators/versioned?version=1.2&{wait}")).body == "1.2"
        # A client of the app speaks to the engine itself, which was told of host.json's version.
        assert (await runner.run("versioned"))["output"] == "1.4.0"
        await runner.api("POST", "entities/note/n?op=begin", json="x")
        assert (await runner.until("of-an-entity", "Completed"))["output"] == "1.4.0"
