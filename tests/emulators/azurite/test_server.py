"""Azurite starts on a free port, stores messages or not, and never outlives the program that started it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from emulators.azurite import AzuriteError, AzuriteServer, installation

API_VERSION = "2026-06-06"
REPOSITORY = Path(__file__).resolve().parents[3]

STARTS_AZURITE = """
import time
import urllib.error
import urllib.request
from emulators.azurite import AzuriteServer
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
    assert "BlobEndpoint" not in server.connection_string
    assert "TableEndpoint" not in server.connection_string
    with _queue(server) as queue:
        queue.create_queue()
    began = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - began < 2
    assert not _is_alive(pid)
    with pytest.raises(AzuriteError, match="not running"):
        _ = server.connection_string


def test_azurite_ends_with_the_program_that_started_it() -> None:
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
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert _gone(pid)


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AzuriteError, match="EADDRINUSE"):
        AzuriteServer(port=taken.getsockname()[1]).start()


def test_without_azurite_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_SCRIPTS", Path("azurite/nowhere"))
    with pytest.raises(AzuriteError, match="npm ci"):
        AzuriteServer().start()


def test_all_three_services_serve_every_account_apart() -> None:
    with AzuriteServer(all_services=True, accounts=["second"]) as server:
        first, second = server.connection_string, server.connection_string_of("second")
        for text in (first, second):
            endpoints = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
            for service in ("Blob", "Queue", "Table"):
                assert _served_by(endpoints[f"{service}Endpoint"]).startswith(f"Azurite-{service}/")
        with (
            QueueClient.from_connection_string(first, "kept", api_version=API_VERSION) as mine,
            QueueClient.from_connection_string(second, "kept", api_version=API_VERSION) as theirs,
        ):
            mine.create_queue()
            theirs.create_queue()
            theirs.send_message("of the second")
            assert mine.peek_messages() == []
        with pytest.raises(AzuriteError, match="no account third"):
            server.connection_string_of("third")


def _served_by(url: str) -> str:
    """The name of the storage service at the address."""
    try:
        urllib.request.urlopen(f"{url}?comp=list", timeout=5)
    except urllib.error.HTTPError as refused:
        return refused.headers.get("Server", "")
    return "it answered a request without a key"
