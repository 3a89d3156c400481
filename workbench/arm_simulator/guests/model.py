"""What the platform needs of a guest system, whichever way it is simulated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Outcome:
    """How a script ended. `duration` is in simulated seconds; `never_ends` is a script that hangs.

    `repeated`: it did nothing but print again what an earlier call of the same run had printed.
    """

    exit_code: int
    stdout: str
    stderr: str = ""
    timed_out: bool = False
    duration: float = 0.0
    never_ends: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Job:
    """Detached work that a script left behind, due `delay_seconds` after the script ran."""

    id: str
    delay_seconds: float


class Guest(Protocol):
    """A guest system: runs scripts as root or SYSTEM and remembers what they did."""

    def set_clock(self, moment: datetime) -> None:
        """Set the guest's clock; it stands still until the next time."""
        ...

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Run a script with named parameters."""
        ...

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work that is planned, including what has run."""
        ...

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Run detached work now."""
        ...

    def agent_running(self) -> bool:
        """Whether the guest agent's service runs."""
        ...

    def remembers_scripts(self) -> bool:
        """Whether the agent still knows which run commands it ran; it runs those that stand again if not."""
        ...

    def powered_off(self) -> bool:
        """Whether the guest has ordered its own power off."""
        ...

    def serial_log(self) -> str:
        """What was written to the serial console."""
        ...

    def effects(self) -> tuple[str, ...]:
        """What was done that cannot be undone, in order, as text."""
        ...

    def boot(self) -> None:
        """The machine starts again: services run, a power-off order is forgotten."""
        ...
