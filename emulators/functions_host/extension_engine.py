"""Microsoft's own Durable Task extension as the engine: the program `durable-extension-host` as a child process."""

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.extension_callbacks import ExtensionCallbacks
from emulators.functions_host.function_catalog import FunctionCatalog
from emulators.functions_host.invoker import Invoker

PROGRAM_SETTING = "DURABLE_EXTENSION_HOST"
PROGRAM = "durable-extension-host"
_log = logging.getLogger("functions_host.extension")
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
# One line of the program's output holds the client binding and the versions: a few kilobytes.
_LONGEST_LINE = 1 << 20


def find_extension_program() -> str:
    """The program that the setting DURABLE_EXTENSION_HOST names, else the one on PATH.

    Raises:
        ConfigurationError: there is none.
    """
    named = os.environ.get(PROGRAM_SETTING)
    found = shutil.which(named or PROGRAM)
    if found is None:
        missing = f"{PROGRAM_SETTING} names {named}, which is not a program" if named else f"{PROGRAM} is not on PATH"
        raise ConfigurationError(
            f"the engine extension cannot start: {missing}; install the program, or choose another --engine"
        )
    return found


class ExtensionEngine:
    """The real extension on the storage account in `AzureWebJobsStorage` (blob, queue and table).

    It calls the app's functions, so it starts after the app is loaded: `start` only finds the program, and
    `serve` starts it.

    Args:
        worker: the name with which it holds its leases (default: the machine's name); two on one hub need two names.
    """

    def __init__(self, *, worker: str | None = None) -> None:
        """Starts nothing yet."""
        self._worker = worker
        self._program = ""
        self._process: asyncio.subprocess.Process | None = None
        self._callbacks: ExtensionCallbacks | None = None
        self._watch: asyncio.Task[None] | None = None
        self._on_end: Callable[[], None] | None = None
        self._stopping = False
        self.ready: Mapping[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """Process id of the extension while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def address(self) -> str:
        """Its gRPC endpoint as "host:port"."""
        return str(self.ready["rpcBaseUrl"]).removeprefix("http://")

    @property
    def webhooks(self) -> str:
        """Address of its HTTP API, as "http://127.0.0.1:PORT/runtime/webhooks/durabletask"."""
        return str(self.ready["webhooks"])

    @property
    def exit_status(self) -> int | None:
        """How the extension's process ended; None while it runs or was never started."""
        return self._process.returncode if self._process is not None else None

    def when_it_ends(self, call: Callable[[], None]) -> None:
        """Sets what to call when the extension's process ends unexpectedly."""
        self._on_end = call

    def client_binding(self, hub: str | None, connection: str | None) -> str:
        """The durable client's value from the extension, with a binding's own hub and connection."""
        value = {**self.ready["client"], "connectionName": connection}
        if hub is not None:
            value["taskHubName"] = hub
        return json.dumps(value)

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Finds the program; the address is known after `serve`. The extension reads host.json itself.

        Raises:
            ConfigurationError: the program is not installed.
        """
        self._program = find_extension_program()
        return ""

    async def serve(self, app_dir: Path, catalog: FunctionCatalog, invoker: Invoker) -> str:
        """Starts the extension for the app's durable functions; returns its gRPC address.

        Raises:
            ConfigurationError: it did not start; its reason is in the log.
        """
        self._callbacks = ExtensionCallbacks(catalog, invoker)
        callback = await self._callbacks.start()
        arguments = ["--host-json", str(app_dir / "host.json"), "--callback", callback, "--stop-on-eof"]
        arguments += ["--worker", self._worker] if self._worker else []
        self._process = await asyncio.create_subprocess_exec(
            *(self._program, *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            # Its own group: Ctrl-C in a terminal reaches only the host, which stops the extension.
            start_new_session=True,
        )
        self.ready = await self._ready_line(self._process, self._callbacks.durable_functions())
        self._callbacks.open()
        self._watch = asyncio.create_task(self._report_end(self._process), name="extension process")
        return self.address

    async def stop_working(self) -> None:
        """Stops the extension as a deployment does (SIGTERM); running functions may still end."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            _log.warning("the extension did not stop within %g s and was killed", _STOP_SECONDS)
            process.kill()
            await process.wait()

    async def stop(self) -> None:
        """Stops the extension and accepts no more callbacks."""
        await self.stop_working()
        if self._watch is not None:
            self._watch.cancel()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        callbacks, self._callbacks = self._callbacks, None
        if callbacks is not None:
            await callbacks.stop()

    async def _ready_line(
        self, process: asyncio.subprocess.Process, functions: list[dict[str, Any]]
    ) -> Mapping[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(functions).encode() + b"\n")
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
        except TimeoutError:
            raise ConfigurationError(f"the extension was not ready within {_START_SECONDS:g} s") from None
        if not line:
            status = await process.wait()
            raise ConfigurationError(f"the extension ended with status {status} before it was ready: see its log")
        return json.loads(line)

    async def _report_end(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        if not self._stopping:
            _log.error("the extension's process ended with status %s", status)
            if self._on_end is not None:
                self._on_end()
