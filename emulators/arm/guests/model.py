"""The interface between the platform and a guest operating system, emulated or sandboxed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

type System = Literal["Linux", "Windows"]
#: How a VM created from a disk boots: it works, its agent never reports, or provisioning never ends.
type Boots = Literal["ok", "agentNeverReady", "neverProvisions"]


@dataclass(frozen=True)
class Outcome:
    """How a script ended. `duration` is in simulated seconds; `never_ends` is a script that hangs.

    `repeated`: it only printed the output of an earlier call of the same run again.
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
    """Detached work that a script scheduled, due `delay_seconds` after the script ran."""

    id: str
    delay_seconds: float


class DiskContent(Protocol):
    """An immutable snapshot of a disk's content; any number of VMs can be created from it."""

    @property
    def system(self) -> System:
        """The family of the operating system."""
        ...

    @property
    def deprovisioned(self) -> bool:
        """Whether it was deprovisioned (Windows: by Sysprep) and has not booted since."""
        ...

    @property
    def boots(self) -> Boots:
        """How a VM that is created from it boots."""
        ...

    @property
    def packages(self) -> int:
        """How often packages were updated on it: tests read it to check a customizer script."""
        ...

    def guest(self, root: Path) -> "Guest":
        """A running guest with a disk of its own that starts as this snapshot; its files, if any, are below root.

        Nothing is copied before the guest is used. A deprovisioned snapshot still needs `Guest.provision`.
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
        """Scheduled detached work, including work that has run."""
        ...

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Run detached work now."""
        ...

    def agent_running(self) -> bool:
        """Whether the guest agent's service runs."""
        ...

    def remembers_scripts(self) -> bool:
        """Whether the agent has its run command history; without it, it runs the existing commands again."""
        ...

    def powered_off(self) -> bool:
        """Whether the guest has powered itself off."""
        ...

    def serial_log(self) -> str:
        """What was written to the serial console."""
        ...

    def effects(self) -> tuple[str, ...]:
        """Irreversible effects, in order, as text."""
        ...

    def boot(self) -> None:
        """The VM starts again: services run, a requested power-off is dropped, the boot id changes."""
        ...

    def freeze(self) -> DiskContent:
        """A snapshot of the disk now; for a running guest it is crash-consistent."""
        ...

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """The first boot of a generalized image: host name, machine identity, SSH host keys and user are new.

        `key` is the user's public SSH key. `rng` generates the identities; without it they are random.
        """
        ...
