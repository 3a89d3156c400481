"""The host as a child process: its command line, its log, and how it ends."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from emulators.functions_host import HostError, HostProcess
from tests.emulators.functions_host.broken_apps import DEEP_IMPORT, write_app
from tests.emulators.functions_host.conftest import APPS, NO_ENGINE, until
from tests.emulators.functions_host.recorder import recorded

REPOSITORY = Path(__file__).resolve().parents[3]
SMALL = APPS / "small"


async def test_a_run_from_the_list_of_functions_to_a_clean_stop_by_a_signal(http: aiohttp.ClientSession) -> None:
    async with HostProcess(SMALL, engine=NO_ENGINE) as host:
        async with http.get(f"{host.url}/api/greet") as answer:
            assert (answer.status, await answer.text()) == (200, "from the file")
        assert f"greet: [GET] {host.url}/api/greet" in host.log()
        for kind in ("sync", "async"):
            async with http.get(f"{host.url}/api/{kind}") as answer:
                invocation = await answer.text()
            assert f" Function.{kind}_log.User [{kind}_log {invocation}]: from {kind}\n" in host.log()
            assert f"functions_host [{kind}_log {invocation}]: Executed 'Functions.{kind}_log' (Succeeded" in host.log()
        assert "my.audit" not in host.log()
        running = asyncio.create_task(http.get(f"{host.url}/api/async/0.4"))
        await until(recorded)
        os.kill(host.pid, signal.SIGINT)
        answer = await running
        assert (answer.status, await answer.text()) == (200, "done")
        assert await host.stop() == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(host.url)


async def test_an_app_that_fails_to_load_ends_with_status_1_and_its_line(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        async with HostProcess(write_app(tmp_path, DEEP_IMPORT), engine=NO_ENGINE):
            pass
    text = str(caught.value)
    assert "status 1" in text
    assert "deeper.py:6" in text
    assert "invalid literal for int() with base 10: 'not a number'" in text


async def test_an_activity_at_work_is_not_waited_for(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    app = tmp_path / "app"
    shutil.copytree(APPS / "durable", app)
    async with HostProcess(app, engine="sqlite", env={"HUB": "Hub"}, drain_seconds=20) as host:
        start = f"{host.url}/runtime/webhooks/durabletask/orchestrators/describe_failure"
        async with http.post(start, json="slow") as answer:
            assert answer.status == 202
        await until(recorded)
        began = time.monotonic()
        assert await host.stop() == 0
        assert time.monotonic() - began < 8, "not the 20 seconds that other functions are waited for"
    assert [r["event"] for r in recorded()] == ["begin"]


async def test_functions_that_never_end_do_not_keep_the_host_from_ending(http: aiohttp.ClientSession) -> None:
    async with HostProcess(SMALL, engine=NO_ENGINE, drain_seconds=0.2) as host:
        running = [asyncio.create_task(http.get(f"{host.url}/api/{kind}/60")) for kind in ("sync", "async")]
        await until(lambda: len(recorded()) == 2)
        began = time.monotonic()
        assert await host.stop() == 0
        assert time.monotonic() - began < 8
        for request in running:
            with pytest.raises(aiohttp.ClientError):
                await request
    assert [r["event"] for r in recorded()] == ["begin", "begin"]


async def test_the_host_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from emulators.functions_host import HostProcess

async def main():
    host = HostProcess(Path({str(SMALL)!r}), engine={NO_ENGINE!r})
    await host.start()
    print(host.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.communicate()
    await until(lambda: _has_ended(pid))


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"
