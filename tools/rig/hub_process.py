"""The task hub in a process of its own, on simulated time that continues while it is killed and started again."""

import asyncio
import gc
import socket
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import SystemRandom

from emulators.task_hub import BackendOptions, LostWorker
from emulators.task_hub.hub import TaskHub
from tools.rig.environment import HOST_JSON
from tools.rig.forked_process import ForkedProcess, import_once
from tools.rig.shared_time import SharedTime

_BELOW_EPHEMERAL = 15_000, 30_000
_START_SECONDS = 30.0


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


@dataclass(frozen=True, kw_only=True)
class HubPlace:
    """What stays from start to start: the folder of the hub's file, its port and time.

    A timer that became due while no hub ran fires at the next start.
    """

    folder: Path
    time: SharedTime
    lost_worker: LostWorker = LostWorker.HOST
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        """The hub's address."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        """What the hub, and others of this folder, wrote to standard output and error."""
        return self.folder / "processes.log"


def serve_hub(place: HubPlace) -> None:
    """Serve the hub until the process is killed."""
    asyncio.run(_serve(place))


class HubProcess(ForkedProcess[HubPlace]):
    """The hub; as the app's triggers run elsewhere, its clients do."""

    def __init__(self, place: HubPlace) -> None:
        """Start nothing yet."""
        import_once(__name__)
        super().__init__(serve_hub, place, place.log_file)
        self.place = place

    async def serves(self) -> None:
        """Wait until it serves; RuntimeError with its output if it does not."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.place.port)
            except ConnectionError:
                if self.exit_status is not None or time.monotonic() > deadline:
                    said = self.place.log_file.read_text()[-2000:]
                    raise RuntimeError(f"the task hub did not start: {said}") from None
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def _serve(place: HubPlace) -> None:
    options = replace(BackendOptions.of_host_json(HOST_JSON), lost_worker=place.lost_worker, remote_clients=True)
    hub = TaskHub(place.folder / "hub.db", clock=place.time.clock(), options=options)
    await hub.start(place.port)
    gc.freeze()
    await asyncio.Event().wait()
