"""What the hub's and the worker's process need to know: files, addresses, and the time that they share."""

import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from emulators.arm import Simulator
from emulators.task_hub import LostWorker, ScaledClock


@dataclass(frozen=True)
class SharedTime:
    """Simulated time that continues while a process is dead: it was `moment` at `origin` of the monotonic clock.

    The monotonic clock counts from the computer's start, so every process reads the same time.
    """

    moment: datetime
    origin: float
    speed: float

    def now(self) -> datetime:
        """Return the time (UTC)."""
        return self.moment + timedelta(seconds=(time.monotonic() - self.origin) * self.speed)

    def clock(self) -> ScaledClock:
        """Return a clock for an engine that starts now."""
        return ScaledClock(self.now(), self.speed)


def product_environment(simulator: Simulator) -> dict[str, str]:
    """Return the environment in which the app's activities find a started simulator."""
    return {
        **simulator.environment(),
        "GOLDEN_ARM_ENDPOINT": simulator.endpoint,
        "GOLDEN_CA_FILE": str(simulator.ca_file),
        "GOLDEN_CLIENT_ID": "00000000-0000-0000-0000-00000000c11e",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "NO_PROXY": "127.0.0.1",
    }


@dataclass(frozen=True)
class Rig:
    """One test's folder, port, time, and the environment in which the app's activities find the simulator."""

    folder: Path
    port: int
    time: SharedTime
    environment: dict[str, str]
    lost_worker: LostWorker = LostWorker.HOST

    @property
    def address(self) -> str:
        """The hub's address."""
        return f"127.0.0.1:{self.port}"

    @property
    def hub_file(self) -> Path:
        """The hub's SQLite file."""
        return self.folder / "hub.db"

    @property
    def journal_file(self) -> Path:
        """The file with what the workers did."""
        return self.folder / "journal.jsonl"

    @property
    def log_file(self) -> Path:
        """What the killed processes wrote to standard output and error."""
        return self.folder / "processes.log"

    def write_to_log(self) -> None:
        """Send this process's standard output and error to the log."""
        log = os.open(self.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for standard in (1, 2):
            os.dup2(log, standard)
        os.close(log)
