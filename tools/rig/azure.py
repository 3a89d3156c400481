"""The emulated Azure in this process, on an event loop of its own, where the app's settings point at it."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from unittest.mock import patch

import settings
from azure_clients.clients import close_session
from emulators.arm import Simulator, SteppedClock
from tools.rig.environment import product_environment

_SECONDS = 30


@dataclass(frozen=True)
class Loop:
    """An event loop on a thread of its own, as the app's one loop is on a Functions worker."""

    loop: asyncio.AbstractEventLoop

    def wait[T](self, work: Awaitable[T]) -> T:
        """Run work on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(_await(work), self.loop).result(_SECONDS)


@contextmanager
def own_loop() -> Generator[Loop]:
    """Run an event loop; it is stopped and closed on exit."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Loop(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@contextmanager
def emulated_azure(
    create: Callable[[], Simulator], **environment: str
) -> Generator[tuple[Simulator, Loop, Callable[[datetime], None]]]:
    """Start an emulator with a stepped clock and point the app's settings at it; stop it on exit.

    `environment` is what the operator of the app has set.

    The third value moves the emulator's time to a moment: it is what a virtual clock calls when it jumps.
    """
    with own_loop() as loop:

        async def begin() -> Simulator:
            simulator = create()
            await simulator.start()
            return simulator

        simulator = loop.wait(begin())
        clock = cast("SteppedClock", simulator.clock)

        def on_jump(moment: datetime) -> None:
            loop.wait(clock.advance((moment - clock.now()).total_seconds()))

        try:
            with patch.dict(os.environ, product_environment(simulator, **environment)):
                settings.current.cache_clear()
                yield simulator, loop, on_jump
        finally:
            loop.wait(close_session())
            settings.current.cache_clear()
            loop.wait(simulator.stop())


async def _await[T](work: Awaitable[T]) -> T:
    return await work
