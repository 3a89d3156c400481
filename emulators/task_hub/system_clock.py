"""The machine's clock, with the interface that a task hub needs."""

import threading
from datetime import UTC, datetime

from emulators.task_hub.clocks import Idle


class SystemClock:
    """The machine's time; a distant moment is checked repeatedly, since the machine may sleep."""

    _longest_seconds = 30.0

    def now(self) -> datetime:
        """Return the time (UTC)."""
        return datetime.now(UTC)

    def wait_until(self, moment: datetime, changed: threading.Event, idle: Idle) -> bool:
        """Wait for the moment; False if `changed` was set first."""
        while True:
            left = (moment - self.now()).total_seconds()
            if left <= 0:
                return True
            if changed.wait(min(left, self._longest_seconds)):
                return False
