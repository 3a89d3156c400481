"""An event loop in its own thread: the app's code runs there, so code that blocks never delays the listeners."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any


class AppExitError(Exception):
    """Code of the app called `sys.exit` or the like."""


class WorkerThread:
    """Runs coroutines on a second event loop and awaits them from the host's."""

    def __init__(self) -> None:
        """Starts the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="python-worker", daemon=True)
        self._thread.start()

    async def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits `work`, which runs on the worker's loop; cancelling here cancels it there.

        Raises:
            AppExitError: the app called `sys.exit`.
        """
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_contain_exit(work), self._loop))

    async def stop(self) -> None:
        """Cancels what still runs and ends the thread."""
        if not self._thread.is_alive():
            return
        await self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        # A coroutine of the app that blocks forever must not prevent the host from stopping: the thread is a daemon.
        await asyncio.to_thread(self._thread.join, 5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _contain_exit[T](work: Coroutine[Any, Any, T]) -> T:
    """Converts a SystemExit: it would end the loop's thread, and its caller would wait forever."""
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        raise AppExitError(f"the app ended the process: {type(error).__name__}({error})") from error


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # Durable clients close their channels in callbacks that they scheduled on this loop.
    await asyncio.sleep(0)
