"""What the emulations of both systems share: a disk, a clock, scheduled work, and snapshots."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from emulators.arm.guests.linux_disk import LinuxDisk
from emulators.arm.guests.model import Boots, Guest, Job, Outcome, System
from emulators.arm.guests.protocol import customized, updates_packages
from emulators.arm.guests.traits import LinuxTraits, WindowsTraits
from emulators.arm.guests.windows_disk import WindowsDisk


@dataclass(frozen=True)
class EmulatedContent[T: (LinuxTraits, WindowsTraits), D: (LinuxDisk, WindowsDisk)]:
    """A snapshot of an emulated disk, and the kind of guest that runs on it."""

    kind: Callable[..., Guest]
    traits: T
    disk: D

    @property
    def system(self) -> System:
        """The family of the operating system."""
        return "Linux" if isinstance(self.traits, LinuxTraits) else "Windows"

    @property
    def deprovisioned(self) -> bool:
        """Whether it was deprovisioned (Windows: by Sysprep) and has not booted since."""
        return self.disk.deprovisioned

    @property
    def boots(self) -> Boots:
        """How a VM that is created from it boots."""
        return self.traits.boots

    @property
    def packages(self) -> int:
        """How often packages were updated on it."""
        return self.disk.packages

    def guest(self, root: Path) -> Guest:
        """A guest with this disk; it writes no files."""
        return self.kind(self.traits, disk=replace(self.disk, deprovisioned=False))


class EmulatedGuest[T: (LinuxTraits, WindowsTraits), D: (LinuxDisk, WindowsDisk)](Guest):
    """Answers scripts by their parameters and their text; runs nothing."""

    def __init__(self, traits: T, disk: D) -> None:
        self._traits = traits
        self._disk = disk
        self._boot_id = str(uuid.uuid4())
        self._clock: datetime | None = None
        self._off = False
        self._jobs: list[Job] = []
        self._effects: list[str] = []

    def set_clock(self, moment: datetime) -> None:
        """Set the clock by which a request expires; the default is this computer's clock."""
        self._clock = moment

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work, including work that has run."""
        return tuple(self._jobs)

    def powered_off(self) -> bool:
        """Whether the guest powered itself off."""
        return self._off

    def effects(self) -> tuple[str, ...]:
        """Irreversible commands, in order."""
        return tuple(self._effects)

    def boot(self) -> None:
        """The VM starts again; what deprovisioning removed is created by `provision`, not here."""
        self._off, self._boot_id = False, str(uuid.uuid4())
        self._disk = replace(self._disk, deprovisioned=False)

    def freeze(self) -> EmulatedContent[T, D]:
        """A snapshot of the disk; nothing is copied, because a disk is never changed, only replaced."""
        return EmulatedContent(type(self), self._traits, self._disk)

    def _customize(self, name: str, default: int = 0) -> Outcome:
        """The end of a customizer script as the traits set it; the disk records updated packages."""
        self._effects.append(f"customized {name}")
        done = customized(name, self._traits.customize.get(name, default))
        if updates_packages(name) and done.exit_code == 0 and not done.never_ends:
            self._disk = replace(self._disk, packages=self._disk.packages + 1)
        return done


def own_chance() -> random.Random:
    """Random identities, without a seed."""
    return random.Random()  # noqa: S311 - test identities, no secrets
