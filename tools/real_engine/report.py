"""Runs named checks, and prints a line for each as it ends."""

import time
import traceback
from collections.abc import Awaitable

from tools.real_engine.station import NotSeen

_LONGEST = 600


class Report:
    """The checks so far."""

    def __init__(self) -> None:
        """No check has run."""
        self.checks = 0
        self.passed = 0

    async def check(self, name: str, work: Awaitable[None]) -> None:
        """Await a check; its exception is reported as what was seen."""
        since = time.monotonic()
        try:
            await work
        except NotSeen as seen:
            self.add(name, time.monotonic() - since, str(seen))
        except Exception:
            self.add(name, time.monotonic() - since, traceback.format_exc())
        else:
            self.add(name, time.monotonic() - since)

    def add(self, name: str, seconds: float, seen: str | None = None) -> None:
        """Count a check and print its line; `seen` is None when it passed."""
        self.checks += 1
        self.passed += seen is None
        if seen is None:
            print(f"ok  {name}  {seconds:.1f}", flush=True)
        else:
            print(f"FAILED {name}: {' '.join(seen.split())[-_LONGEST:]}", flush=True)

    def last_line(self) -> str:
        """What is printed at the end."""
        return f"real engine: {self.checks} checks, {self.passed} passed"


def expect(holds: bool, seen: object) -> None:
    """Raise `NotSeen` with what was seen unless it holds."""
    if not holds:
        raise NotSeen(str(seen)[:2000])
