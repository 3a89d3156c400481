"""Azurite starts on a free port, stores messages or not, and never outlives the program that started it."""

import os
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
from tests.layers.fault import ROOT

STARTS_AZURITE = """
import time
from emulators.azurite import AzuriteServer
server = AzuriteServer()
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def _queue(connection_string: str) -> QueueClient:
    return QueueClient.from_connection_string(connection_string, "kept", api_version="2026-06-06")


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


def test_one_queue_service_stops_at_once_and_three_services_continue_from_its_folder(tmp_path: Path) -> None:
    server = AzuriteServer(tmp_path)
    server.start()
    pid = server.pid
    assert "BlobEndpoint" not in server.connection_string
    assert "TableEndpoint" not in server.connection_string
    with _queue(server.connection_string) as queue:
        queue.create_queue()
        queue.send_message("still here")
    began = time.monotonic()
    server.stop()
    server.stop()  # may be repeated
    assert time.monotonic() - began < 2
    assert not _is_alive(pid)
    with pytest.raises(AzuriteError, match="not running"):
        _ = server.connection_string
    with AzuriteServer(tmp_path, all_services=True, accounts=["second"]) as server:
        first, second = server.connection_string, server.connection_string_of("second")
        with _queue(first) as mine, _queue(second) as theirs:
            assert [message.content for message in mine.peek_messages()] == ["still here"]
            theirs.create_queue()
            assert theirs.peek_messages() == []
        for text in (first, second):
            endpoints = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
            for service in ("Blob", "Queue", "Table"):
                assert _served_by(endpoints[f"{service}Endpoint"]).startswith(f"Azurite-{service}/")
        with pytest.raises(AzuriteError, match="no account third"):
            server.connection_string_of("third")


def test_azurite_ends_with_the_program_that_started_it_even_if_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AZURITE],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        parent.kill()
        parent.wait()
        assert _gone(pid)


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AzuriteError, match="EADDRINUSE"):
        AzuriteServer(port=taken.getsockname()[1]).start()


def test_without_azurite_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_SCRIPTS", Path("azurite/nowhere"))
    with pytest.raises(AzuriteError, match="npm ci"):
        AzuriteServer().start()


def _served_by(url: str) -> str:
    """The name of the storage service at the address."""
    try:
        urllib.request.urlopen(f"{url}?comp=list", timeout=5)
    except urllib.error.HTTPError as refused:
        return refused.headers.get("Server", "")
    return "it answered a request without a key"
