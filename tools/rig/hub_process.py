"""The task hub as a child process, on simulated time that continues while it is killed and started again."""

import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

from tools.rig.environment import HOST_JSON, ROOT
from tools.rig.shared_time import SharedTime

_START_SECONDS = 30.0


class HubProcess:
    """`python -m emulators.task_hub` on one file; the port stays the same from start to start.

    Simulated time continues while no hub runs: a timer that became due in the meantime fires at the next start.
    """

    def __init__(self, folder: Path, speed: float) -> None:
        """Start nothing yet; the file is in `folder`."""
        self._folder, self._time = folder, SharedTime.begin(speed)
        self._process: asyncio.subprocess.Process | None = None
        self.address = ""

    async def start(self) -> None:
        """Start the child and wait until it serves; RuntimeError with its output if it does not."""
        ready = Path(tempfile.mkdtemp(dir=self._folder)) / "ready"
        port = self.address.rpartition(":")[2] or "0"
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "emulators.task_hub", "--file", str(self._folder / "hub.sqlite")),
            *("--port", port, "--ready-file", str(ready), "--stop-on-eof", "--host-json", str(HOST_JSON)),
            "--remote-clients",
            *("--speed", str(self._time.speed), "--now", self._time.now().isoformat()),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self._folder / "hub.log").open("ab"),
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if self._process.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the task hub did not start: {(self._folder / 'hub.log').read_text()[-2000:]}")
            await asyncio.sleep(0.02)
        self.address = ready.read_text()

    async def kill(self) -> None:
        """Send SIGKILL: the hub cannot finish anything."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Stop the child: SIGTERM first, then SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.stdin is not None:
            process.stdin.close()
