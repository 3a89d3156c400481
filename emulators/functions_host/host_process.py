"""The host as a child process on free ports, for demos and end-to-end tests."""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from emulators.functions_host.errors import HostError
from emulators.functions_host.host_options import DEFAULT_ENGINE

_REPOSITORY = Path(__file__).resolve().parents[2]


class HostProcess:
    """`python -m emulators.functions_host start` as a child.

    Args:
        app_dir: the folder of `function_app.py`.
        env: settings, over this process's environment.
        engine: "sqlite", "extension" or "http://HOST:PORT".
        worker: the host's name among several on one hub (engine extension).
        functions: run these functions only; all without a name.
        drain_seconds: how long `stop` waits for running functions.
        log_path: file for the child's output; by default a temporary one that `stop` deletes.
        start_timeout: seconds until it must be ready.

    The child ends when this process does, however that happens.
    """

    def __init__(
        self,
        app_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        engine: str = DEFAULT_ENGINE,
        worker: str | None = None,
        functions: Sequence[str] = (),
        drain_seconds: float = 10.0,
        log_path: Path | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        """Starts nothing yet."""
        self._app_dir = Path(app_dir)
        self._env = dict(env or {})
        self._options = ["--engine", engine, "--port", "0", "--drain", str(drain_seconds)]
        self._options += ["--worker", worker] if worker else []
        self._options += ["--functions", *functions] if functions else []
        self._start_timeout = start_timeout
        self._folder = tempfile.TemporaryDirectory(prefix="functions-host-")
        self.log_path = log_path or Path(self._folder.name) / "host.log"
        self._log: IO[bytes] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""
        self.extension_pid: int | None = None

    @property
    def pid(self) -> int:
        """Process id of the child."""
        assert self._process is not None, "call start() first"
        return self._process.pid

    async def start(self) -> None:
        """Starts the child and waits until it listens.

        Raises:
            HostError: it ended or was too slow; the end of its output is in the message.
        """
        ready = Path(self._folder.name) / "ready.json"
        self._log = self.log_path.open("wb")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "emulators.functions_host", "start", "--app", str(self._app_dir)),
            *(*self._options, "--ready-file", str(ready), "--stop-on-eof"),
            env=self._child_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=self._log,
            stderr=asyncio.subprocess.STDOUT,
            # Its own group: Ctrl-C in a terminal reaches only this process, which decides the order of stopping.
            start_new_session=True,
        )
        try:
            found = await self._wait_for(ready)
        except BaseException:
            await self.stop()
            raise
        self.url = found["url"]
        self.extension_pid = found.get("extensionPid")

    async def stop(self, limit: float = 30.0) -> int | None:
        """SIGTERM, then SIGKILL after `limit` seconds; returns the exit status."""
        process, self._process = self._process, None
        status = None
        if process is not None:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            status = await _end(process, limit)
        if self._log is not None:
            self._log.close()
        self._folder.cleanup()
        return status

    async def kill(self) -> None:
        """Sends SIGKILL: the host cannot finish anything."""
        assert self._process is not None, "call start() first"
        self._process.kill()
        await self._process.wait()

    def log(self) -> str:
        """The child's output so far."""
        return self.log_path.read_text("utf-8", errors="replace") if self.log_path.exists() else ""

    async def __aenter__(self) -> Self:
        """Starts the child."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the child."""
        await self.stop()

    def _child_environment(self) -> dict[str, str]:
        path = os.pathsep.join(p for p in (str(_REPOSITORY), os.environ.get("PYTHONPATH", "")) if p)
        return {**os.environ, **self._env, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    async def _wait_for(self, ready: Path) -> dict[str, Any]:
        assert self._process is not None
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            found = _read_ready_file(ready)
            if found is not None:
                return found
            if self._process.returncode is not None:
                raise HostError(f"the host ended with status {self._process.returncode}:\n{self.log()[-4000:]}")
            await asyncio.sleep(0.02)
        raise HostError(f"the host was not ready within {self._start_timeout:g} s:\n{self.log()[-4000:]}")


def _read_ready_file(path: Path) -> dict[str, Any] | None:
    return cast(dict[str, Any], json.loads(path.read_text("utf-8"))) if path.exists() else None


async def _end(process: asyncio.subprocess.Process, limit: float) -> int:
    try:
        status = await asyncio.wait_for(process.wait(), limit)
    except TimeoutError:
        process.kill()
        status = await process.wait()
    if process.stdin is not None:
        process.stdin.close()
    return status
