"""What the demo shows: a live table on a terminal, one line for each change elsewhere."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from tools.demo.fleet_view import Row

_COLOURS = {"done": "green", "refused": "yellow", "failed": "red", "canceled": "red"}


class View(Protocol):
    """Shows the fleet as it changes."""

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Show the state of all VMs at one moment."""
        ...

    def close(self) -> None:
        """Keep the last state on the screen."""
        ...


class TerminalView:
    """A table that is drawn again at every poll; it fits into 80 columns."""

    def __init__(self, console: Console) -> None:
        """Control the terminal until `close`."""
        self._live = Live(console=console, refresh_per_second=8)
        self._live.start()

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Draw the table."""
        self._live.update(table(rows, simulated_seconds))

    def close(self) -> None:
        """Release the terminal."""
        self._live.stop()


def table(rows: list[Row], simulated_seconds: float) -> Table:
    """Return the table of one moment."""
    drawn = Table(
        title=f"simulated time {clock(simulated_seconds)}",
        title_justify="left",
        caption="power: of the VM itself, its clone, or the validation VM\n"
        "temp: temporary resources that exist now; ARM: requests to it",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        show_edge=False,
    )
    for column in ("name", "system", "mode", "stage", "power", "temp", "result", "ARM"):
        drawn.add_column(column, justify="right" if column in {"temp", "ARM"} else "left", no_wrap=True)
    for row in rows:
        stage = f"[{_COLOURS.get(row.stage, 'cyan')}]{row.stage}[/]"
        temporary = str(row.temporary) if row.temporary else ""
        drawn.add_row(
            *(row.name, row.system, row.mode, stage, row.power_state, temporary, row.result, str(row.requests))
        )
    return drawn


@dataclass
class PlainView:
    """A line whenever a VM's stage or power state changed, or its result."""

    console: Console
    started: float = field(default_factory=time.monotonic)
    seen: dict[str, tuple[str, str, str]] = field(default_factory=dict[str, tuple[str, str, str]])

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Print what changed."""
        for row in rows:
            state = (row.stage, row.power_state, row.result)
            if self.seen.get(row.name) == state or row.stage in {"waiting", "notBegun"}:
                continue
            self.seen[row.name] = state
            when = f"{time.monotonic() - self.started:5.1f} s  {clock(simulated_seconds)}"
            temporary = f"{row.temporary} temporary" if row.temporary else ""
            line = f"{when}  {row.name:<6}  {row.stage:<14}  {row.power_state:<12}  {temporary:<12}  {row.result}"
            self.console.print(line.rstrip(), highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Nothing to release."""


def clock(seconds: float) -> str:
    """Return minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
