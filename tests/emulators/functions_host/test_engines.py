"""The seam to the durable engine: what a name stands for, and how the embedded engine is started."""

import shutil
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest

from emulators.functions_host import ConfigurationError, MemoryEngine
from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.engines import SqliteEngine, engine_named
from emulators.task_hub import BackendOptions
from tests.emulators.functions_host.conftest import APPS, StartHost
from tests.emulators.functions_host.durable_runner import Runner


@pytest.mark.parametrize("name", ["sqlite3", "http://nowhere", ""])
def test_an_unknown_engine_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an engine"):
        engine_named(name, Path())


class RecordingHub:
    """Stands for the embedded engine."""

    calls: list[object]

    def __init__(self, path: Path, **options: object) -> None:
        RecordingHub.calls = [(path, options)]
        self._is_damaged = path.name == "damaged.db"

    async def start(self, port: int = 0) -> str:
        if self._is_damaged:
            raise ValueError("file is not a database")
        RecordingHub.calls.append(port)
        return "127.0.0.1:4001"

    async def stop(self) -> None:
        RecordingHub.calls.append("stop")


@pytest.fixture
def recording_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("emulators.task_hub")
    module.TaskHub = RecordingHub
    module.BackendOptions = BackendOptions
    monkeypatch.setitem(sys.modules, "emulators.task_hub", module)


@pytest.mark.usefixtures("recording_hub")
async def test_sqlite_keeps_its_file_in_the_apps_folder_and_is_set_to_what_host_json_says(tmp_path: Path) -> None:
    engine = engine_named("sqlite", tmp_path)
    durable = DurableOptions(default_version="1.4", entity_reorder_minutes=0)
    assert await engine.start(durable) == "127.0.0.1:4001"
    assert (tmp_path / ".durable").is_dir()
    await engine.stop()
    await engine.stop()
    given = {"options": BackendOptions(default_version="1.4", entity_reorder_window=timedelta(0))}
    assert RecordingHub.calls == [(tmp_path / ".durable" / "task-hub.db", given), 0, "stop"]


@pytest.mark.usefixtures("recording_hub")
async def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="engine sqlite cannot start: file is not a database"):
        await SqliteEngine(tmp_path / "damaged.db").start()


async def test_the_memory_engine_reports_sub_orchestrations_their_parent(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("durable", settings={"HUB": "Hub"}, engine=MemoryEngine()) as host:
        runner = Runner(host.url, host.engine_address, http)
        ended = await runner.end(await runner.start("family", instance_id="mother"))
    assert ended["output"] == {"own": "none", "child": "mother"}


async def test_runs_go_on_under_the_next_host_on_the_same_file(
    start_host: StartHost, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    hub = pytest.importorskip("emulators.task_hub")
    if not hasattr(hub, "TaskHub"):
        pytest.skip("the embedded engine is not there yet")
    app = tmp_path / "app"
    shutil.copytree(APPS / "durable", app)
    async with start_host(app, settings={"HUB": "Hub"}, engine="sqlite") as first:
        runner = Runner(first.url, first.engine_address, http)
        await runner.start("waits", instance_id="kept")
        await runner.until("kept", "Running")
    async with start_host(app, settings={"HUB": "Hub"}, engine="sqlite") as second:
        runner = Runner(second.url, second.engine_address, http)
        assert (await runner.api("POST", "instances/kept/raiseEvent/go", json=7)).status == 202
        assert (await runner.until("kept", "Completed"))["output"] == 7
