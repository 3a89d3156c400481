"""Fault injection for tests: the worker's process ends in a chosen call, as when it crashes or runs out of memory."""

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any

_EXIT_TEXT = "python exited with code 137 (0x89)"


class WorkerProcessExitException(Exception):
    """The worker's process ended before it answered; named as the Functions host's, whose name logs show."""


class ExitMoment(Enum):
    """When the process ends: before the function begins, or when it has ended and its answer is still to be sent."""

    BEFORE = "before"
    AFTER = "after"


class WorkerExits:
    """The worker runs in the host's own process, which must not end in a test: only the answers are lost.

    One process serves all calls, so every call in progress when it ends fails. Coroutines are cancelled;
    a function on a thread continues without a waiting caller. The next call has a worker again.
    """

    def __init__(self) -> None:
        """No call is selected yet."""
        self._chosen: dict[str, list[ExitMoment]] = {}
        self._end: asyncio.Future[None] | None = None

    def choose(self, function: str, moment: ExitMoment = ExitMoment.AFTER) -> None:
        """The process ends in the next call of this function; several selections apply to one call each."""
        self._chosen.setdefault(function.casefold(), []).append(moment)

    async def run[T](self, function: str, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Awaits a call to the worker.

        Raises:
            WorkerProcessExitException: the process ended in this call, or in another while this one was under way.
        """
        chosen = self._chosen.get(function.casefold())
        moment = chosen.pop(0) if chosen else None
        if moment is ExitMoment.BEFORE:
            raise self._exit()
        answer = await self._unless_it_ends(call())
        if moment is ExitMoment.AFTER:
            raise self._exit()
        return answer

    async def _unless_it_ends[T](self, call: Coroutine[Any, Any, T]) -> T:
        if self._end is None:
            self._end = asyncio.get_running_loop().create_future()
        end, task = self._end, asyncio.ensure_future(call)
        try:
            await asyncio.wait({end, task}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise WorkerProcessExitException(_EXIT_TEXT)
        finally:
            task.cancel()

    def _exit(self) -> WorkerProcessExitException:
        end, self._end = self._end, None
        if end is not None:
            end.set_result(None)
        return WorkerProcessExitException(_EXIT_TEXT)
