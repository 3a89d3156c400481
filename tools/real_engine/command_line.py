"""Starts the lanes of checks in parallel, and always stops everything at the end."""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path

from emulators.azurite import AzuriteServer
from emulators.functions_host import ConfigurationError
from emulators.functions_host.extension_engine import find_extension_program
from tools.real_engine import instances, kills, limits, orders
from tools.real_engine.app_copy import copy_app
from tools.real_engine.engine_checks import LANE as ENGINE_LANE
from tools.real_engine.engine_checks import run_engine_checks
from tools.real_engine.lanes import Ground
from tools.real_engine.report import Report

_ROOT = Path(__file__).parents[2]
type _Lane = Callable[[Ground], Awaitable[None]]


def _kill_lane(name: str) -> _Lane:
    async def lane(ground: Ground) -> None:
        await kills.run_kills(ground, name)

    return lane


# The longest first: those that wait for hidden messages leave the machine to the others meanwhile.
_LANES: dict[str, _Lane] = {
    **{name: _kill_lane(name) for name in kills.LANES},
    orders.LANE: orders.run_orders,
    instances.STOP_LANE: instances.run_stop,
    instances.APART_LANE: instances.run_apart,
    limits.LANE: limits.run_limits,
    ENGINE_LANE: run_engine_checks,
    instances.BEFORE_LANE: instances.run_before,
}


def main(arguments: Sequence[str]) -> int:
    """Run it; 0: all passed, 1: not, 2: the extension's program is missing, 130: interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tools.real_engine", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=list(_LANES), default=list(_LANES), help="only these lanes (default: all)"
    )
    parser.add_argument("--at-once", type=int, default=5, metavar="N", help="lanes in parallel (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the hosts' logs in this new folder")
    parser.add_argument("--app", type=Path, default=_ROOT, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        find_extension_program()
    except ConfigurationError as error:
        print(f"real engine: {error}", file=sys.stderr)
        return 2
    try:
        with _folder(given.keep) as folder:
            report = asyncio.run(_run(folder, given))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("real engine: interrupted, everything stopped", flush=True)
        return 130
    print(report.last_line(), flush=True)
    return 0 if report.checks and report.passed == report.checks else 1


@contextlib.contextmanager
def _folder(kept: Path | None) -> Generator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="real-engine-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _run(folder: Path, given: argparse.Namespace) -> Report:
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, me.cancel)
    report = Report()
    azurite = AzuriteServer(all_services=True, accounts=list(_LANES))
    try:
        await asyncio.to_thread(azurite.start)
        ground = Ground(copy_app(given.app, folder / "app"), folder, azurite, report)
        room = asyncio.Semaphore(given.at_once)

        async def run_lane(name: str) -> None:
            async with room:
                await _lane(name, ground)

        async with asyncio.TaskGroup() as lanes:
            for name in given.only:
                lanes.create_task(run_lane(name), name=name)
    finally:
        await asyncio.to_thread(azurite.stop)
    return report


async def _lane(name: str, ground: Ground) -> None:
    """Runs a lane; one that cannot start counts as a failed check."""
    try:
        await _LANES[name](ground)
    except Exception as error:
        ground.report.add(f"lane {name}", 0.0, f"{type(error).__name__}: {error}")
