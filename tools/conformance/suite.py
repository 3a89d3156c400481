"""Runs checks against a stack, several at once, and reports how each ended."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from tools.conformance import checks_of_entities, checks_of_lifecycles, checks_of_tasks
from tools.conformance.stack import NotAsExpected, Stack

type Check = Callable[[Stack], Awaitable[None]]

CHECKS: tuple[Check, ...] = (*checks_of_tasks.CHECKS, *checks_of_lifecycles.CHECKS, *checks_of_entities.CHECKS)
CHECKS_WITH_WINDOW: tuple[Check, ...] = checks_of_entities.CHECKS_WITH_WINDOW
# When a worker ends, all its calls in progress fail.
_ALONE = (
    checks_of_tasks.worker_dies_in_an_activity,
    checks_of_tasks.worker_dies_in_an_orchestrator,
    checks_of_entities.worker_dies_in_an_operation,
    checks_of_entities.child_is_tried_again,
)
_AT_ONCE = 8


@dataclass(frozen=True)
class Result:
    """How a check ended; `seen` is None when it passed."""

    name: str
    seconds: float
    seen: str | None = None


async def run_check(check: Check, stack: Stack) -> Result:
    """Runs one check; an exception is its result."""
    name, since = check.__name__, time.monotonic()
    try:
        await check(stack)
    except NotAsExpected as error:
        return Result(name, time.monotonic() - since, str(error)[:1000])
    except Exception:
        return Result(name, time.monotonic() - since, traceback.format_exc()[-2000:])
    return Result(name, time.monotonic() - since)


async def run_checks(checks: Iterable[Check], stack: Stack, report: Callable[[Result], None]) -> None:
    """Runs the checks, those that affect others first and alone; reports each as it ends."""
    chosen = tuple(checks)
    for check in chosen:
        if check in _ALONE:
            report(await run_check(check, stack))
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(check: Check) -> None:
        async with room:
            result = await run_check(check, stack)
        report(result)

    await asyncio.gather(*(one(check) for check in chosen if check not in _ALONE))
