"""A VM's serial console: the text written to it, and how much of it boot diagnostics shows."""

from datetime import datetime, timedelta

from emulators.arm.state.clock import Clock
from emulators.arm.state.durations import Dice


class SerialConsole:
    """The text in the order it was written. The boot diagnostics blob shows it with a delay."""

    def __init__(self, clock: Clock, dice: Dice) -> None:
        self._clock = clock
        self._dice = dice
        self._written: list[tuple[datetime, str]] = []
        self._held_until: datetime | None = None
        self._shown_before_hold = ""

    def hold(self, seconds: float) -> None:
        """Show nothing that is not shown yet for so long, as Azure does at times."""
        self.published()
        self._held_until = self._clock.now() + timedelta(seconds=seconds)

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
        """All text that was written."""
        return "".join(text for _, text in self._written)

    def published(self) -> str:
        """What boot diagnostics shows now: the beginning of `text()`."""
        now, held = self._clock.now(), self._held_until
        if held is not None and now < held:
            return self._shown_before_hold
        self._shown_before_hold = "".join(text for shown, text in self._written if shown <= now)
        return self._shown_before_hold
