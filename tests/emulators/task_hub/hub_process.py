"""A hub in a process of its own, which a test may kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from durabletask.client import TaskHubGrpcClient

from tests.emulators.task_hub.rig import QUIET
from tests.layers.fault import ROOT


@dataclass
class HubProcess:
    """A running `python -m emulators.task_hub`."""

    process: subprocess.Popen[str]
    address: str

    def client(self) -> TaskHubGrpcClient:
        """Connect a client."""
        return TaskHubGrpcClient(host_address=self.address, logger=QUIET)

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def terminate(self) -> int:
        """Terminate it, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end."""
        status = self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return status


def launch(file: Path, *options: str, before: Sequence[str] = (), port: int = 0) -> subprocess.Popen[str]:
    """Start the command line, under another command if one is given."""
    # Also after a failed test the hub ends with the tests' own process.
    hub = [sys.executable, "-m", "emulators.task_hub", "--stop-on-eof", "--file", str(file), "--port", str(port)]
    command = [*before, *hub, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def start_hub(file: Path, *options: str, before: Sequence[str] = (), port: int = 0) -> HubProcess:
    """Start a hub and wait until it serves."""
    process = launch(file, *options, before=before, port=port)
    line = _pipe(process.stdout).readline()
    if "serving on" not in line:
        raise AssertionError(f"the hub did not start: {line}{_pipe(process.stderr).read()}")
    return HubProcess(process, line.rsplit(maxsplit=1)[1])


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
