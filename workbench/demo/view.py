"""What the demo shows: a live table on a terminal, a line a change elsewhere."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from workbench.demo.fleet import FLEET

_COLOURS = {"done": "green", "refused": "yellow", "failed": "red", "canceled": "red"}


@dataclass(frozen=True)
class Row:
    """One machine at one moment: stage from the run's status, power state and requests from the simulator."""

    name: str
    system: str
    stage: str
    power_state: str
    generalized: bool
    requests: int


class View(Protocol):
    """Shows the fleet as it changes."""

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Take the state of all machines at one moment."""
        ...

    def close(self) -> None:
        """Leave the last state standing."""
        ...


def rows_of(run: dict[str, Any], machines: dict[str, Any]) -> list[Row]:
    """Put together what the HTTP door and the simulator say."""
    found: list[dict[str, Any]] = run.get("machines", [])
    stages = [str(machine["status"].get("stage", "accepted")) for machine in found]
    return [
        Row(
            name=expected.spec.name,
            system=expected.system,
            stage=stages[index] if index < len(stages) else "waiting",
            power_state=machines[expected.spec.name].power,
            generalized=machines[expected.spec.name].generalized,
            requests=machines[expected.spec.name].requests,
        )
        for index, expected in enumerate(FLEET)
    ]


class TerminalView:
    """A table that is drawn again at every look."""

    def __init__(self, console: Console) -> None:
        """Take the terminal over until `close`."""
        self._live = Live(console=console, refresh_per_second=8)
        self._live.start()

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Draw the table."""
        table = Table(title=f"simulated time {clock(simulated_seconds)}", title_justify="left")
        for column in ("machine", "system", "stage", "power state", "marked", "ARM requests"):
            table.add_column(column, justify="right" if column == "ARM requests" else "left")
        for row in rows:
            colour = _COLOURS.get(row.stage, "cyan")
            marked = "generalized" if row.generalized else ""
            stage = f"[{colour}]{row.stage}[/]"
            table.add_row(row.name, row.system, stage, row.power_state, marked, str(row.requests))
        self._live.update(table)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()


@dataclass
class PlainView:
    """A line whenever a machine's stage or power state changed."""

    console: Console
    started: float = field(default_factory=time.monotonic)
    seen: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def show(self, rows: list[Row], simulated_seconds: float) -> None:
        """Print what changed."""
        for row in rows:
            state = (row.stage, row.power_state)
            if self.seen.get(row.name) != state and row.stage != "waiting":
                self.seen[row.name] = state
                when = f"{time.monotonic() - self.started:5.1f} s  {clock(simulated_seconds)}"
                self.console.print(f"{when}  {row.name:<7} {row.stage:<15} {row.power_state}", highlight=False)

    def close(self) -> None:
        """Nothing to give back."""


def clock(seconds: float) -> str:
    """Give minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
