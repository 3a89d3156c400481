"""One Azurite on 127.0.0.1, started as a child and stopped by its process id."""

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType

from emulators.azurite.installation import AzuriteError, find_node, find_script

_CLOSED = "successfully closed"
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service .*successfully listen.* (http://[\d.]+:\d+)")
# Loaded before Azurite: it ends with its parent, and starts without what sends telemetry.
_PRELOADED = [Path(__file__).with_name(name) for name in ("exit_with_parent.cjs", "without_telemetry.cjs")]
# Azurite's published development account; it is the same on every machine and is not a secret.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class AzuriteServer:
    """Azurite's queue service, or all three services; use as a context manager, or call `start` and `stop`.

    Args:
        folder: where messages are kept; None keeps them in memory only.
        port: of the queue service; 0 takes a free port. The other services always take free ones.
        start_timeout: seconds until it must listen.
        all_services: blob and table too, which the Durable extension needs.
        accounts: names of further storage accounts, isolated from each other; all have the development account's key.

    Both calls block (starting takes about half a second): from a coroutine call them through `asyncio.to_thread`.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        start_timeout: float = 30.0,
        all_services: bool = False,
        accounts: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._port = port
        self._start_timeout = start_timeout
        self._services = ("Blob", "Queue", "Table") if all_services else ("Queue",)
        self._accounts = (_ACCOUNT, *accounts)
        self._process: subprocess.Popen[str] | None = None
        self._output: queue.Queue[str | None] = queue.Queue()
        self._reader: threading.Thread | None = None
        self._urls: dict[str, str] = {}

    @property
    def connection_string(self) -> str:
        """A storage connection string with the endpoints of the services that run."""
        return self.connection_string_of(_ACCOUNT)

    def connection_string_of(self, account: str) -> str:
        """The connection string of one of the accounts."""
        if account not in self._accounts:
            raise AzuriteError(f"there is no account {account}: name it in `accounts`")
        endpoints = "".join(f"{each}Endpoint={self._address(each, account)};" for each in self._services)
        return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={_KEY};{endpoints}"

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
            raise AzuriteError("Azurite was already started: call stop() first")
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{name}:{_KEY}" for name in self._accounts)},
            # Its own group: Ctrl-C in a terminal reaches only this process, which stops Azurite after the host.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_output, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self._urls = self._wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self.connection_string

    def stop(self) -> None:
        """Stops Azurite and waits for its end; does nothing when it is not running."""
        process, self._process = self._process, None
        listened, self._urls = bool(self._urls), {}
        if process is None:
            return
        if listened:
            process.terminate()
            self._wait_until_closed()
        # After it has closed its files, Azurite still runs for five seconds if it has served a request.
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

    def _address(self, service: str, account: str) -> str:
        if not self._urls:
            raise AzuriteError("Azurite is not running: call start() first")
        return f"{self._urls[service]}/{account}"

    def _command(self) -> list[str]:
        # --skipApiVersionCheck: storage SDKs are often newer than the emulator, which would refuse them.
        where = ["--location", str(self._folder)] if self._folder else ["--inMemoryPersistence"]
        ports = {"queue": self._port} | ({"blob": 0, "table": 0} if len(self._services) > 1 else {})
        listen = [[f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port)] for name, port in ports.items()]
        return [
            *(find_node(), *chain.from_iterable(("--require", str(script)) for script in _PRELOADED)),
            str(find_script(all_services=len(self._services) > 1)),
            *chain.from_iterable(listen),
            *("--silent", "--disableTelemetry", "--skipApiVersionCheck", *where),
        ]

    def _read_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._output.put(line)
        self._output.put(None)

    def _wait_until_closed(self) -> None:
        deadline, open_services = time.monotonic() + 5, len(self._services)
        while open_services and (left := deadline - time.monotonic()) > 0:
            try:
                line = self._output.get(timeout=left)
            except queue.Empty:
                return
            if line is None:
                return
            open_services -= _CLOSED in line

    def _wait_until_listening(self) -> dict[str, str]:
        deadline = time.monotonic() + self._start_timeout
        seen: list[str] = []
        urls: dict[str, str] = {}
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._output.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise AzuriteError(f"Azurite ended before it listened: {''.join(seen).strip()}")
            seen.append(line)
            if found := _LISTENING.search(line):
                urls[found.group(1)] = found.group(2)
            if len(urls) == len(self._services):
                return urls
        raise AzuriteError(f"Azurite did not listen within {self._start_timeout:g} s: {''.join(seen).strip()}")
