"""`python -m emulators.task_hub --file F`: serves one task hub until SIGTERM, SIGINT or the end of its input."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from emulators.task_hub import ScaledClock
from emulators.task_hub.backend_options import BackendOptions, LostWorker
from emulators.task_hub.errors import TaskHubFileError
from emulators.task_hub.hub import TaskHub


def main(arguments: list[str] | None = None) -> int:
    """Serve; return 0 after a clean stop, 1 if the hub could not start."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(options))
    except (TaskHubFileError, OSError, ValueError) as error:
        print(f"task hub: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulators.task_hub", description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="the SQLite file; created if it does not exist")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: any free port (default)")
    parser.add_argument("--ready-file", type=Path, help="file for HOST:PORT, written once the hub serves")
    parser.add_argument(
        "--existing", choices=["reject", "restart", "replace"], help="a start with a known id (default: as host.json)"
    )
    parser.add_argument(
        "--host-json",
        type=Path,
        help="host.json with extensions.durableTask; AzureFunctionsJobHost__extensions__durableTask__… override it",
    )
    parser.add_argument("--no-races", action="store_true", help="timers are exact, and no early event is lost")
    parser.add_argument("--remote-clients", action="store_true", help="clients are on other instances than workers")
    parser.add_argument(
        "--lost-worker", choices=list(LostWorker), default=LostWorker.HOST, help="what a closed stream means"
    )
    parser.add_argument("--lease-seconds", type=float, default=3600.0, help="seconds until a work item is sent again")
    parser.add_argument(
        "--stop-on-eof", action="store_true", help="stop when standard input ends, with the parent process"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="seconds of the hub's time in a real second")
    parser.add_argument("--now", type=datetime.fromisoformat, help="the hub's time at the start (with --speed)")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.stop_on_eof:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    clock = ScaledClock(options.now or datetime.now(UTC), options.speed) if options.speed != 1.0 else None
    hub = TaskHub(
        options.file,
        clock=clock,
        options=_backend(options),
        existing=options.existing,
        lease_seconds=options.lease_seconds,
    )
    address = await hub.start(options.port)
    # What is loaded now stays: the garbage collector need not check it again.
    gc.freeze()
    gc.set_threshold(20_000, 50, 1000)
    _announce(address, options.ready_file)
    await stop.wait()
    await hub.stop()


def _backend(options: argparse.Namespace) -> BackendOptions:
    backend = BackendOptions.of_host_json(options.host_json) if options.host_json else BackendOptions()
    if options.no_races:
        backend = backend.without_races()
    return replace(backend, remote_clients=options.remote_clients, lost_worker=options.lost_worker)


def _stop_at_end(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _announce(address: str, ready: Path | None) -> None:
    if ready is not None:
        # Atomically: a program that waits for the file never reads half of it.
        half = ready.with_name(ready.name + ".half")
        half.write_text(address)
        half.replace(ready)
    print(f"task hub: serving on {address}", flush=True)
