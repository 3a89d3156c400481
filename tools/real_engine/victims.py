"""Ways to end a host of a station during runs, and its start after that."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

from tools.real_engine.report import expect
from tools.real_engine.station import NotSeen, Station

type Kill = Callable[[Station, str], Awaitable[None]]
_END_SECONDS = 40.0


async def kill_extension(station: Station, name: str = "one") -> None:
    """Send SIGKILL to the extension's process: as on Azure, the host ends with it."""
    host = station.hosts[name]
    assert host.extension_pid is not None
    os.kill(host.extension_pid, signal.SIGKILL)
    await _gone(host.pid, f"the host of {name}")
    await host.stop()


async def kill_app(station: Station, name: str = "one") -> None:
    """Send SIGKILL to the process with the app and its triggers; the extension stops itself without answers."""
    host = station.hosts[name]
    await host.kill()
    assert host.extension_pid is not None
    await _gone(host.extension_pid, f"the extension of {name}")
    await host.stop()


async def stop_and_start(station: Station, name: str = "one") -> None:
    """Send SIGTERM, require an end within seconds with status 0, and start again."""
    since = time.monotonic()
    status = await station.stop(name)
    seconds = time.monotonic() - since
    expect(status == 0 and seconds < _END_SECONDS, f"status {status} after {seconds:.1f} s")
    await station.start(name)


async def _gone(pid: int, what: str) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while _exists(pid):
        if time.monotonic() > deadline:
            raise NotSeen(f"{what} still runs {_END_SECONDS:g} s after the kill")
        await asyncio.sleep(0.1)


def _exists(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
