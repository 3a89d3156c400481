"""What a simulated machine is: one frozen description, also read from JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from workbench.arm_simulator.guests.model import Boots

type Power = Literal["running", "stopped", "guestStopped", "deallocated"]
type LinuxLeftover = Literal["user", "authorizedKeys", "hostKeys", "machineId", "logs", "hostName"]
type WindowsLeftover = Literal["sid", "user", "logs", "hostName"]
#: The exit code of a prepare script in an emulated guest, or that it never ends.
type Prepared = int | Literal["hangs"]
type StopKind = Literal["powerOff", "deallocate", "guestShutdown"]

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def _must_know(leaves: tuple[str, ...], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(leaves) - set(known)):
        raise ValueError(f"leaves: {', '.join(unknown)} cannot be left behind; known: {', '.join(known)}")


@dataclass(frozen=True)
class ForeignStop:
    """Somebody else stops the machine: `how`, and seconds after the machine was added or armed."""

    how: StopKind
    after_seconds: float
    since: Literal["added", "armed"] = "added"


@dataclass(frozen=True)
class LinuxTraits:
    """The guest system of a Linux machine.

    `people` have accounts beside `user`. `packages`: updating works, fails, or finds the lock taken. `leaves`: what
    sealing leaves behind although it reports success. `boots`: what becomes of a machine made from its disk.
    `prepare`: how a prepare script ends in an emulated guest, by its name; 0 when it is not here.
    """

    distribution: str = "ubuntu-22.04"
    waagent: Literal["ok", "fails", "missing"] = "ok"
    detach: tuple[str, ...] = ("systemd-run", "at")
    user: str = "azureuser"
    cloud_init: Literal["ok", "fails"] = "ok"
    people: tuple[str, ...] = ()
    packages: Literal["ok", "fails", "locked"] = "ok"
    leaves: tuple[LinuxLeftover, ...] = ()
    boots: Boots = "ok"
    prepare: Mapping[str, Prepared] = field(default_factory=dict[str, Prepared])

    def __post_init__(self) -> None:
        _must_know(self.leaves, get_args(LinuxLeftover.__value__))


@dataclass(frozen=True)
class WindowsTraits:
    """The guest system of a Windows machine.

    `precondition` is a refusal code that the guest's own check reports (for example `pendingReboot`).
    `sysprep`: it works, ends with an error, never ends, or ends well without reaching the image state.
    `administrators`: local administrators and their passwords. `leaves`, `boots`, `prepare`: see LinuxTraits.
    """

    build: int = 20348
    sysprep: Literal["ok", "fails", "hangs", "stateNotReached"] = "ok"
    precondition: str | None = None
    cdrom_disabled: bool = False
    user: str = "azureuser"
    administrators: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    leaves: tuple[WindowsLeftover, ...] = ()
    boots: Boots = "ok"
    prepare: Mapping[str, Prepared] = field(default_factory=dict[str, Prepared])

    def __post_init__(self) -> None:
        _must_know(self.leaves, get_args(WindowsLeftover.__value__))


@dataclass(frozen=True)
class MachineSpec:
    """A machine at the moment it is added; everything but the name has a default."""

    name: str
    os: Literal["Linux", "Windows"] = "Linux"
    subscription_id: str = SUBSCRIPTION
    resource_group: str = "golden-rg"
    location: str = "westeurope"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    power: Power = "running"
    agent_ready: bool = True
    generalized: bool = False
    boot_diagnostics: bool = True
    linux: LinuxTraits = LinuxTraits()
    windows: WindowsTraits = WindowsTraits()
    #: The guest is armed and reports so, and then the machine never stops.
    never_stops: bool = False
    foreign_stop: ForeignStop | None = None
    scale_set: str | None = None
    ephemeral_os_disk: bool = False
    ade_encrypted: bool = False
    zones: tuple[str, ...] = ()
    license_type: str | None = None
    security_type: Literal["TrustedLaunch", "ConfidentialVM"] | None = None
    hyper_v_generation: Literal["V1", "V2"] = "V2"
    vm_size: str = "Standard_D2s_v5"
    data_disks: int = 0
    #: The kind of each data disk by its lun; the others are Premium_LRS.
    data_disk_skus: tuple[str, ...] = ()
    #: The first data disk can be attached to two machines.
    shared_data_disk: bool = False
    os_disk_sku: str = "Premium_LRS"
    #: Size of the OS disk; None is 30 for Linux and 127 for Windows.
    os_disk_gb: int | None = None
    #: Name of a disk encryption set in the machine's group, or its id: every disk is encrypted with its key.
    disk_encryption_set: str | None = None
    #: name, publisher and product of the Marketplace plan it was made from.
    plan: Mapping[str, str] | None = None
    user_data: str | None = None
    #: A lock of this level on the machine itself.
    lock: Literal["CanNotDelete", "ReadOnly"] | None = None

    @property
    def group_id(self) -> str:
        """The ARM id of the machine's resource group."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def id(self) -> str:
        """The ARM id of the machine."""
        return f"{self.group_id}/providers/Microsoft.Compute/virtualMachines/{self.name}"

    @property
    def os_disk_size(self) -> int:
        """Size of the OS disk in GB."""
        return self.os_disk_gb or (30 if self.os == "Linux" else 127)

    @property
    def encryption_set_id(self) -> str | None:
        """The ARM id of its disk encryption set, if it has one."""
        if self.disk_encryption_set is None or self.disk_encryption_set.startswith("/"):
            return self.disk_encryption_set
        return f"{self.group_id}/providers/Microsoft.Compute/diskEncryptionSets/{self.disk_encryption_set}"

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "MachineSpec":
        """A machine from JSON in camelCase or snake_case; ValueError names an unknown field."""
        values = _known(MachineSpec, document)
        for name, kind in (("linux", LinuxTraits), ("windows", WindowsTraits), ("foreign_stop", ForeignStop)):
            if values.get(name) is not None:
                values[name] = kind(**_known(kind, values[name]))
        for name in ("zones", "data_disk_skus"):
            values[name] = tuple(values.get(name, ()))
        if "name" not in values:
            raise ValueError("a machine needs a 'name'")
        return MachineSpec(**values)


def _known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(kind)}
    values = {_snake(key): value for key, value in document.items()}
    if unknown := sorted(set(values) - names):
        raise ValueError(f"unknown field(s) {', '.join(unknown)} of {kind.__name__}; known: {', '.join(sorted(names))}")
    return {key: tuple(value) if key in ("detach", "leaves", "people") else value for key, value in values.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
