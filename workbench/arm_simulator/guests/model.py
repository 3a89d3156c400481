"""What the platform needs of a guest system, whichever way it is simulated."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

type System = Literal["Linux", "Windows"]
#: What becomes of a machine made from a disk: it works, its agent never reports, or provisioning never ends.
type Boots = Literal["ok", "agentNeverReady", "neverProvisions"]


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


class DiskContent(Protocol):
    """An immutable picture of what a disk holds; any number of machines can be made from it."""

    @property
    def system(self) -> System:
        """The family of the operating system."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether it was deprovisioned or syspreped, and has not booted since."""
        ...

    @property
    def boots(self) -> Boots:
        """What becomes of a machine that is made from it."""
        ...

    @property
    def packages(self) -> int:
        """How often packages were updated on it: what a prepare script leaves for tests to see."""
        ...

    def guest(self, root: Path) -> "Guest":
        """A switched-on guest with a disk of its own that begins as this picture; its files, if any, come below root.

        Nothing is copied before the guest is used. A sealed picture still wants `Guest.provision`.
        """
        ...


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
        """The machine starts again: services run, a power-off order is forgotten, the boot id is another."""
        ...

    def freeze(self) -> DiskContent:
        """A picture of the disk as it is now; of a running guest it is crash-consistent."""
        ...

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """The first boot of a generalized image: host name, machine's identity, SSH host keys and user are new.

        `key` is the user's public SSH key. `rng` is where the identities come from; without it from this computer.
        """
        ...
