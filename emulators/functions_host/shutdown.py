"""What to do when the host stops, in three steps: stop listening, wait for running functions, release."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger("functions_host")

type Step = Callable[[], Awaitable[object]]


class Shutdown:
    """Each step runs even if an earlier one failed, and only once."""

    def __init__(self, drain_seconds: float) -> None:
        """`drain_seconds` is the longest wait for running functions."""
        self._limit = drain_seconds
        self._first: list[Step] = []
        self._last: list[Step] = []
        self._drain: Callable[[float], Awaitable[int]] | None = None

    def first_await(self, step: Step) -> None:
        """Adds a step that ends listening."""
        self._first.append(step)

    def first_await_within(self, step: Callable[[float], Awaitable[object]]) -> None:
        """Adds a step that ends listening and waits for its own work, at most so many seconds."""
        self._first.append(lambda: step(self._limit))

    def drain_with(self, drain: Callable[[float], Awaitable[int]]) -> None:
        """Sets how to wait for running functions."""
        self._drain = drain

    def finally_await(self, step: Step) -> None:
        """Adds a release; the last added is done first."""
        self._last.append(step)

    def finally_do(self, step: Callable[[], object]) -> None:
        """As `finally_await`, for a plain call."""

        async def call() -> None:
            step()

        self._last.append(call)

    async def run(self) -> int:
        """Runs all steps; returns how many functions still ran after the time limit."""
        first, last, drain = self._first, self._last, self._drain
        self._first, self._last, self._drain = [], [], None
        await asyncio.gather(*(_try(step) for step in first))
        left = await drain(self._limit) if drain else 0
        if left:
            _log.warning("%s functions did not end within %g s and were abandoned", left, self._limit)
        for step in reversed(last):
            await _try(step)
        return left


async def _try(step: Step) -> None:
    try:
        await step()
    except Exception:
        _log.exception("a step of stopping the host failed")
