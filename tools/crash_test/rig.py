"""What the hub's and the worker's process need to know: files, addresses, and the time that they share."""

import os
from dataclasses import dataclass
from pathlib import Path

from emulators.task_hub import LostWorker
from tools.rig.shared_time import SharedTime


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
