"""Azurite starts on a free port, keeps or forgets, and never outlives the program that started it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from workbench.azurite_server import AzuriteError, AzuriteServer, installation

API_VERSION = "2026-06-06"
REPOSITORY = Path(__file__).resolve().parents[3]

STARTS_AZURITE = """
import time
from workbench.azurite_server import AzuriteServer
server = AzuriteServer()
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def _queue(server: AzuriteServer) -> QueueClient:
    return QueueClient.from_connection_string(server.connection_string, "kept", api_version=API_VERSION)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_alive(pid)


def test_messages_survive_a_restart_in_a_folder(tmp_path: Path) -> None:
    with AzuriteServer(tmp_path) as server, _queue(server) as queue:
        queue.create_queue()
        queue.send_message("still here")
    with AzuriteServer(tmp_path) as server, _queue(server) as queue:
        assert [message.content for message in queue.peek_messages()] == ["still here"]


def test_stopping_is_quick_and_complete_and_may_be_repeated() -> None:
    server = AzuriteServer()
    server.start()
    pid = server.pid
    with _queue(server) as queue:
        queue.create_queue()
    began = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - began < 2
    assert not _is_alive(pid)
    with pytest.raises(AzuriteError, match="not running"):
        _ = server.connection_string


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_azurite_ends_with_the_program_that_started_it(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AZURITE],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        parent.send_signal(number)
        parent.wait()
        assert _gone(pid)


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AzuriteError, match="EADDRINUSE"):
        AzuriteServer(port=taken.getsockname()[1]).start()


def test_without_azurite_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_QUEUE_SCRIPT", Path("azurite/nowhere/main.js"))
    with pytest.raises(AzuriteError, match="npm ci"):
        AzuriteServer().start()
