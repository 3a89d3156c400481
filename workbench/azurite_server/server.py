"""One Azurite queue service on 127.0.0.1, started as a child and stopped by its process id."""

import queue
import re
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

from workbench.azurite_server.installation import AzuriteError, find_node, find_queue_script

_CLOSED = "successfully closed"
_LISTENING = re.compile(r"successfully listens on (http://[\d.]+:\d+)")
_GUARD = Path(__file__).with_name("exit_with_parent.cjs")
# Azurite's published development account; it is the same on every machine and protects nothing.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class AzuriteServer:
    """Azurite's queue service; use as a context manager, or call `start` and `stop`.

    Args:
        folder: where messages are kept; None keeps them in memory only.
        port: 0 takes a free port.
        start_timeout: seconds until it must listen.

    Both calls block (starting takes about two seconds): from a coroutine call them through `asyncio.to_thread`.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0, start_timeout: float = 30.0) -> None:
        self._folder = folder
        self._port = port
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[str] | None = None
        self._output: queue.Queue[str | None] = queue.Queue()
        self._reader: threading.Thread | None = None
        self._url: str | None = None

    @property
    def queue_url(self) -> str:
        """Address of the account, as `http://127.0.0.1:PORT/devstoreaccount1`."""
        if self._url is None:
            raise AzuriteError("Azurite is not running: call start() first")
        return f"{self._url}/{_ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """A storage connection string with only a queue endpoint."""
        return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};QueueEndpoint={self.queue_url};"

    @property
    def pid(self) -> int:
        """Process id of Azurite."""
        if self._process is None:
            raise AzuriteError("Azurite is not running: call start() first")
        return self._process.pid

    def start(self) -> str:
        """Starts Azurite and waits until it listens.

        Returns:
            The connection string.

        Raises:
            AzuriteError: not installed, ended early (its output is in the message), or too slow.
        """
        if self._process is not None:
            raise AzuriteError("Azurite was already started")
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Its own group: Ctrl-C in a terminal reaches only us, and we stop it after the host has drained.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_output, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self._url = self._wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self.connection_string

    def stop(self) -> None:
        """Stops Azurite and waits for its end; does nothing when it is not running."""
        process, self._process = self._process, None
        listened, self._url = self._url is not None, None
        if process is None:
            return
        if listened:
            process.terminate()
            self._wait_until_closed()
        # Once it has closed its files, Azurite lingers for five seconds when it has served a request.
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "AzuriteServer":
        """Starts Azurite."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops Azurite."""
        self.stop()

    def _command(self) -> list[str]:
        # --skipApiVersionCheck: storage SDKs are regularly newer than the emulator and it would refuse them.
        where = ["--location", str(self._folder)] if self._folder else ["--inMemoryPersistence"]
        return [
            *(find_node(), "--require", str(_GUARD), str(find_queue_script())),
            *("--queueHost", "127.0.0.1", "--queuePort", str(self._port)),
            *("--silent", "--disableTelemetry", "--skipApiVersionCheck", *where),
        ]

    def _read_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._output.put(line)
        self._output.put(None)

    def _wait_until_closed(self) -> None:
        deadline = time.monotonic() + 5
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._output.get(timeout=left)
            except queue.Empty:
                return
            if line is None or _CLOSED in line:
                return

    def _wait_until_listening(self) -> str:
        deadline = time.monotonic() + self._start_timeout
        seen: list[str] = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._output.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise AzuriteError(f"Azurite ended before it listened: {''.join(seen).strip()}")
            seen.append(line)
            if found := _LISTENING.search(line):
                return found.group(1)
        raise AzuriteError(f"Azurite did not listen within {self._start_timeout:g} s: {''.join(seen).strip()}")
