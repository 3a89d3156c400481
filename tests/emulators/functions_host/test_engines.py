"""The seam to the durable engine: what a name stands for, and how the embedded engine is started."""

import shutil
from pathlib import Path

import aiohttp
import pytest

from emulators.functions_host import ConfigurationError
from emulators.functions_host.engines import SqliteEngine, engine_named
from tests.emulators.functions_host.conftest import APPS, StartHost
from tests.emulators.functions_host.durable_runner import Runner


@pytest.mark.parametrize("name", ["memory", "http://nowhere", ""])
def test_an_unknown_engine_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an engine"):
        engine_named(name, Path())


async def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigurationError, match=r"engine sqlite cannot start: .*damaged\.db"):
        await SqliteEngine(file).start()


async def test_runs_go_on_under_the_next_host_on_the_same_file_as_host_json_says(
    start_host: StartHost, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    shutil.copytree(APPS / "durable", app)
    async with start_host(app, engine="sqlite") as first:
        runner = Runner(first, http)
        await runner.start("waits", instance_id="kept")
        await runner.until("kept", "Running")
    assert (app / ".durable" / "task-hub.db").exists()
    settings = {"AzureFunctionsJobHost__extensions__durableTask__defaultVersion": "1.4.0"}
    async with start_host(app, engine="sqlite", settings=settings) as second:
        runner = Runner(second, http)
        assert (await runner.api("POST", "instances/kept/raiseEvent/go", json=7)).status == 202
        assert (await runner.until("kept", "Completed"))["output"] == 7
        assert (await runner.run("versioned"))["output"] == "1.4.0"
