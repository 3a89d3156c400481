"""A machine's serial console: what was written to it, and how much of that boot diagnostics show by now."""

from datetime import datetime, timedelta

from workbench.arm_simulator.clock import Clock
from workbench.arm_simulator.durations import Dice


class SerialConsole:
    """Text in the order it was written. Boot diagnostics' blob lags behind it."""

    def __init__(self, clock: Clock, dice: Dice) -> None:
        self._clock = clock
        self._dice = dice
        self._written: list[tuple[datetime, str]] = []

    def write(self, text: str, *, at_once: bool = False) -> None:
        """Add text now; the blob shows it after a `serial_log_lag`, or `at_once`, never before earlier text."""
        if not text:
            return
        lag = 0.0 if at_once else self._dice.draw("serial_log_lag")
        shown = self._clock.now() + timedelta(seconds=lag)
        if self._written:
            shown = max(shown, self._written[-1][0])
        self._written.append((shown, text))

    def text(self) -> str:
        """All that was written."""
        return "".join(text for _, text in self._written)

    def published(self) -> str:
        """What boot diagnostics show at this moment: the beginning of `text()`."""
        now = self._clock.now()
        return "".join(text for shown, text in self._written if shown <= now)
