"""The demo leaves no process behind when it is interrupted; that it ends well is seen by `make demo`, in CI too."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("number", "ready"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_interrupted_it_leaves_no_process_behind(number: signal.Signals, ready: bool) -> None:
    """Once it is ready, or already while the host starts, which is started last."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "tools.demo", "--only", "app-02"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert demo.stdout is not None
    if ready:
        for line in demo.stdout:
            if line.startswith("ready after"):
                break
    else:
        _wait_for_the_host(demo.pid)
    children = _descendants(demo.pid)
    assert len(children) >= 2, "the host and Azurite are children"
    demo.send_signal(number)
    output, _ = demo.communicate(timeout=40)
    assert demo.returncode == 130, output
    deadline = time.monotonic() + 5
    while (left := [pid for pid in children if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _wait_for_the_host(demo: int) -> None:
    deadline = time.monotonic() + 40
    while not any(b"functions_host" in _command(pid) for pid in _descendants(demo)):
        assert time.monotonic() < deadline, "no host was started"
        time.sleep(0.02)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in _tasks(pid):
        with suppress(OSError):  # a thread that has just ended
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # a process that has just ended
        return []
