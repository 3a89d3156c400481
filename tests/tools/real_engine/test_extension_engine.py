"""The engine `extension` with a small program in the extension's place: start, ready line, stop, unexpected ends."""

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import cast

import pytest

from emulators.functions_host import ConfigurationError, ExtensionEngine
from emulators.functions_host.engines import engine_named
from emulators.functions_host.extension_engine import PROGRAM_SETTING, find_extension_program
from emulators.functions_host.function_catalog import Binding, Function, FunctionCatalog
from emulators.functions_host.invoker import Invoker

_PROGRAM = """#!{python}
import json, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if os.environ.get("ENDS_EARLY"):
    sys.exit(3)
functions = json.loads(sys.stdin.readline())
about = {{"arguments": sys.argv[1:], "functions": functions, "hub": os.environ.get("HUB")}}
client = {{"taskHubName": "Ours", "connectionName": None, "rpcBaseUrl": "http://127.0.0.1:4001/"}}
ready = {{"rpcBaseUrl": "http://127.0.0.1:4001", "webhooks": "http://127.0.0.1:4002/w", "client": client, **about}}
print(json.dumps(ready), flush=True)
sys.stdin.read()
"""
_ACTIVITY = Function("act", "act", (Binding("activityTrigger", "x", False, {"name": "x", "type": "activityTrigger"}),))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "extension"
    file.write_text(_PROGRAM.format(python=sys.executable))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(PROGRAM_SETTING, str(file))
    return file


async def _serve(engine: ExtensionEngine, tmp_path: Path) -> str:
    await engine.start()
    return await engine.serve(tmp_path, FunctionCatalog((_ACTIVITY,)), cast(Invoker, None))


async def test_it_hands_over_the_functions_and_reads_the_ready_line(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB", "h1")
    engine = ExtensionEngine(worker="two")
    try:
        assert await _serve(engine, tmp_path) == "127.0.0.1:4001"
        assert engine.webhooks == "http://127.0.0.1:4002/w"
        arguments = engine.ready["arguments"]
        assert arguments[:2] == ["--host-json", str(tmp_path / "host.json")]
        assert arguments[-2:] == ["--worker", "two"]
        assert "--stop-on-eof" in arguments
        assert [each["name"] for each in engine.ready["functions"]] == ["act"]
        assert engine.ready["hub"] == "h1"
        assert json.loads(engine.client_binding(None, None))["taskHubName"] == "Ours"
        other = json.loads(engine.client_binding("Theirs", "Storage"))
        assert (other["taskHubName"], other["connectionName"]) == ("Theirs", "Storage")
    finally:
        await engine.stop()


async def test_a_stop_is_sigterm_and_may_be_repeated(program: Path, tmp_path: Path) -> None:
    engine, ended = ExtensionEngine(), list[str]()
    engine.when_it_ends(lambda: ended.append("unexpected"))
    await _serve(engine, tmp_path)
    await engine.stop()
    await engine.stop()
    await asyncio.sleep(0)
    assert (engine.exit_status, engine.pid, ended) == (0, None, [])


async def test_an_end_that_nobody_asked_for_is_reported(program: Path, tmp_path: Path) -> None:
    engine, ended = ExtensionEngine(), asyncio.Event()
    engine.when_it_ends(ended.set)
    await _serve(engine, tmp_path)
    try:
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        await asyncio.wait_for(ended.wait(), 10)
        assert engine.exit_status == -signal.SIGKILL
    finally:
        await engine.stop()


async def test_a_program_that_ends_before_it_is_ready_is_an_error(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS_EARLY", "1")
    engine = ExtensionEngine()
    with pytest.raises(ConfigurationError, match="ended with status 3 before it was ready"):
        await _serve(engine, tmp_path)
    await engine.stop()


@pytest.mark.parametrize(
    ("named", "words"), [("", "is not on PATH"), ("nowhere", "names nowhere, which is not a program")]
)
async def test_a_missing_program_is_one_sentence(
    named: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(PROGRAM_SETTING, named)
    engine = engine_named("extension", tmp_path)
    with pytest.raises(ConfigurationError, match=words) as error:
        await engine.start()
    assert "\n" not in str(error.value)


def test_the_setting_goes_before_the_path(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_extension_program() == str(program)
