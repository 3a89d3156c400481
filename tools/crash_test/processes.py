"""The hub's and the worker's process: started in milliseconds, killed with SIGKILL, started again."""

import multiprocessing
import socket
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from random import SystemRandom
from typing import Literal

from tools.crash_test.hub_process import serve_hub
from tools.crash_test.rig import Rig
from tools.crash_test.worker_process import run_worker

type Part = Literal["hub", "worker"]

_BODIES: dict[Part, Callable[[Rig], None]] = {"hub": serve_hub, "worker": run_worker}
# Imported once, in the process that the others are forked from: a worker's imports alone take three seconds.
_IMPORTED = [
    "tools.crash_test.hub_process",
    "tools.crash_test.worker_process",
    "aiohttp",
    "azure.core.pipeline.transport._aiohttp",
    "azure.identity.aio",
    "azure.mgmt.compute.aio",
]
_BELOW_EPHEMERAL = 15_000, 30_000


class Crew:
    """The processes that are killed. An end that was not a kill is an error (`ended_by_themselves`)."""

    def __init__(self, rig: Rig) -> None:
        """Start none yet."""
        self._rig = rig
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_IMPORTED)
        self._running: dict[Part, ForkServerProcess] = {}

    def begin(self, part: Part) -> None:
        """Start a process."""
        process = self._context.Process(target=_BODIES[part], args=(self._rig,), name=part, daemon=True)
        process.start()
        self._running[part] = process

    def kill(self, part: Part) -> None:
        """Send SIGKILL, and wait until the process is gone."""
        process = self._running.pop(part)
        process.kill()
        process.join()

    def kill_all(self) -> None:
        """Kill all processes that still run."""
        for part in list(self._running):
            self.kill(part)

    def ended_by_themselves(self) -> list[str]:
        """Return the processes that ended by themselves, with their exit codes."""
        ended = {part: process.exitcode for part, process in self._running.items()}
        return [f"the {part} ended by itself with {code}" for part, code in ended.items() if code is not None]


def free_port() -> int:
    """Find a port that no outgoing connection takes while the hub is dead: one below those that the kernel assigns."""
    numbers = SystemRandom()
    while True:
        port = numbers.randint(*_BELOW_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
