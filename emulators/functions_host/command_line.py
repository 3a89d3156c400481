"""Parses the command line and runs the host until a signal."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from emulators.functions_host.errors import AppLoadError, HostError
from emulators.functions_host.extension_engine import ExtensionEngine
from emulators.functions_host.host import FunctionsHost
from emulators.functions_host.host_config import read_host_config
from emulators.functions_host.host_options import DEFAULT_ENGINE, HostOptions
from emulators.functions_host.invocation_log import configure_logging
from emulators.functions_host.listing import function_listing

_log = logging.getLogger("functions_host")


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns the process's exit status (0 after a clean stop, 1 when the host cannot start)."""
    options = _parser().parse_args(arguments)
    try:
        configure_logging(read_host_config(options.app, os.environ).default_log_level)
        left = asyncio.run(_serve(options))
    except HostError as error:
        return _report(error)
    if left:
        # Their threads cannot be ended and would delay the interpreter's exit.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulators.functions_host", description=__doc__)
    start = parser.add_subparsers(required=True, metavar="start").add_parser("start", help="run an app")
    start.add_argument("--app", type=Path, default=Path(), help="folder of function_app.py (default: here)")
    start.add_argument("--port", "-p", type=int, default=7071, help="HTTP port, 0 for a free one (%(default)s)")
    start.add_argument(
        "--functions", nargs="+", default=(), metavar="NAME", help="run only these functions (default: all)"
    )
    start.add_argument("--engine", default=DEFAULT_ENGINE, help="sqlite, extension, or http://HOST:PORT (%(default)s)")
    start.add_argument("--worker", metavar="NAME", help="name of this host among several on one hub (engine extension)")
    start.add_argument("--ready-file", type=Path, help="file for the host's addresses, written as JSON once it listens")
    start.add_argument("--drain", type=float, default=10.0, help="seconds to wait for running functions at a stop")
    start.add_argument("--stop-on-eof", action="store_true", help="stop when standard input closes")
    return parser


async def _serve(options: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.stop_on_eof:
        _watch_input(loop, stop.set)
    host = FunctionsHost(
        options.app,
        engine=ExtensionEngine(worker=options.worker) if options.engine == "extension" else options.engine,
        port=options.port,
        options=HostOptions(
            state_dir=options.app / ".durable" if options.engine == "sqlite" else None,
            drain_seconds=options.drain,
            functions=tuple(options.functions),
        ),
    )
    try:
        if host.extension is not None:
            # On Azure, host and extension are one process: they end together.
            host.extension.when_it_ends(stop.set)
        await host.start()
        print(function_listing(host.catalog, host.routes, host.url), flush=True)
        _log.info("Host started at %s, engine at %s", host.url, host.engine_address)
        if options.ready_file:
            _write_ready_file(options.ready_file, host)
        await stop.wait()
        _log.info("Stopping")
    finally:
        left = await host.stop()
    if host.extension is not None and host.extension.exit_status:
        raise HostError(f"the extension ended with status {host.extension.exit_status}")
    return left


def _write_ready_file(path: Path, host: FunctionsHost) -> None:
    """Writes atomically, so that a reader never sees half of the file."""
    about: dict[str, object] = {"url": host.url}
    if host.extension is not None:
        about["extensionPid"] = host.extension.pid
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(about), "utf-8")
    os.replace(draft, path)


def _watch_input(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Waits until the pipe closes: it does whenever the parent ends, so no host outlives its parent."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _report(error: HostError) -> int:
    if isinstance(error, AppLoadError) and error.traceback:
        print(error.traceback.rstrip(), file=sys.stderr)
    print(f"error: {error}", file=sys.stderr, flush=True)
    return 1
