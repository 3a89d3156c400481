"""The traits of a guest operating system: what is installed, and what fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from emulators.arm.guests.model import Boots

type LinuxResidue = Literal["user", "authorizedKeys", "hostKeys", "vmId", "logs", "hostName"]


type WindowsResidue = Literal["sid", "user", "logs", "hostName"]


#: The result of a customizer script in an emulated guest: its exit code, or that it never ends.
type Customized = int | Literal["hangs"]


@dataclass(frozen=True)
class LinuxTraits:
    """The guest operating system of a Linux VM.

    `people` have accounts in addition to `user`. `packages`: an update works, fails, or finds the lock held.
    `leaves`: what deprovisioning does not remove although it reports success. `boots`: how a VM created from its
    disk boots. `customize`: the exit code of a customizer script in an emulated guest, by its name; 0 by default.
    `arm64_run_commands`: on an Arm64 VM, managed run commands work or never report.
    """

    distribution: str = "ubuntu-22.04"
    waagent: Literal["ok", "fails", "missing"] = "ok"
    detach: tuple[str, ...] = ("systemd-run", "at")
    user: str = "azureuser"
    cloud_init: Literal["ok", "fails"] = "ok"
    people: tuple[str, ...] = ()
    packages: Literal["ok", "fails", "locked"] = "ok"
    leaves: tuple[LinuxResidue, ...] = ()
    boots: Boots = "ok"
    customize: Mapping[str, Customized] = field(default_factory=dict[str, Customized])
    arm64_run_commands: Literal["ok", "neverReport"] = "ok"

    def __post_init__(self) -> None:
        _must_know(self.leaves, get_args(LinuxResidue.__value__))


@dataclass(frozen=True)
class WindowsTraits:
    """The guest operating system of a Windows VM.

    `precondition` is the refusal code that the script's check reports (for example `pendingReboot`).
    `sysprep`: it works, ends with an error, never ends, or ends with success without reaching the image state.
    `administrators`: local administrators and their passwords. `leaves`, `boots`, `customize`: see LinuxTraits.
    """

    build: int = 20348
    sysprep: Literal["ok", "fails", "hangs", "stateNotReached"] = "ok"
    precondition: str | None = None
    user: str = "azureuser"
    administrators: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    leaves: tuple[WindowsResidue, ...] = ()
    boots: Boots = "ok"
    customize: Mapping[str, Customized] = field(default_factory=dict[str, Customized])

    def __post_init__(self) -> None:
        _must_know(self.leaves, get_args(WindowsResidue.__value__))


def _must_know(leaves: tuple[str, ...], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(leaves) - set(known)):
        raise ValueError(f"leaves: {', '.join(unknown)} is not a known kind of residue; use {', '.join(known)}")
