"""The demo on three of its VMs: its output, its exit status, and that it leaves no process when interrupted.

All six VMs are seen by `make demo`; clones that are published, in the journeys.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAST_LINE = re.compile(
    r"demo: 2 generalized, 0 published, 1 refused, 0 failed in \d+ s \(simulated \d+ min\), "
    r"\d+ ARM requests a VM in place"
)


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.demo", "--speed", "60", "--only", "web-01", "app-01", "app-02"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture(scope="module", autouse=True)
def finished_demo() -> Generator[subprocess.Popen[str]]:
    """One demo that runs to its end; most of it is waiting, so the tests of interrupted ones run beside it."""
    demo = start()
    try:
        yield demo
    finally:
        demo.terminate()
        demo.communicate(timeout=40)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_no_process_behind(number: signal.Signals) -> None:
    demo = start()
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("ready after"):
            break
    children = _descendants(demo.pid)
    assert len(children) >= 2, "the host and Azurite are children"
    demo.send_signal(number)
    output, _ = demo.communicate(timeout=40)
    assert demo.returncode == 130, output
    deadline = time.monotonic() + 5
    while (left := [pid for pid in children if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_it_ends_well_and_prints_it(finished_demo: subprocess.Popen[str]) -> None:
    output, _ = finished_demo.communicate(timeout=140)
    assert finished_demo.returncode == 0, output
    assert LAST_LINE.fullmatch(output.splitlines()[-1]), output
    assert "WindowsBuildNeedsUserContext" in output
    assert "$.dryrun" in output, "the message that is not a request is answered"
    assert output.count("kept: rollback snapshot") == 2


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found
