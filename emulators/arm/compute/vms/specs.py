"""The description of an emulated VM: immutable, can be read from JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from emulators.arm.compute.sizes.table import find_size
from emulators.arm.guests.traits import LinuxTraits, WindowsTraits
from emulators.arm.state.ids import SUBSCRIPTION

type Power = Literal["running", "stopped", "guestStopped", "deallocated", "hibernated"]
type StopKind = Literal["powerOff", "deallocate", "guestShutdown"]


@dataclass(frozen=True)
class ForeignStop:
    """Another caller stops the VM: `how`, and how many seconds after it was added or asked to deprovision."""

    how: StopKind
    after_seconds: float
    since: Literal["added", "requested"] = "added"


@dataclass(frozen=True)
class ExtensionSpec:
    """An extension: `type` is for example AzureMonitorLinuxAgent, MDE.Linux or ConfigurationforLinux."""

    name: str
    publisher: str
    type: str
    version: str = "1.0"
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: Its state when it is there from the start.
    state: Literal["Creating", "Succeeded", "Failed"] = "Succeeded"


@dataclass(frozen=True)
class VmSpec:
    """A VM at the moment it is added; only the name is required."""

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
    #: What the guest writes to its serial console reaches Azure's log.
    console_reaches_azure: bool = True
    #: By how many seconds the guest's clock is ahead; negative: behind.
    clock_ahead: float = 0
    linux: LinuxTraits = field(default_factory=LinuxTraits)
    windows: WindowsTraits = field(default_factory=WindowsTraits)
    #: The guest accepts and reports the request, but the VM never stops.
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
    #: Its disk controller; None is the first of its size.
    disk_controller: Literal["SCSI", "NVMe"] | None = None
    #: It may hibernate; a VM that is hibernated may.
    hibernation_enabled: bool = False
    #: Disk controllers from which its OS disk can boot; empty is both for generation 2, SCSI for generation 1.
    os_disk_controllers: tuple[str, ...] = ()
    data_disks: int = 0
    #: The SKU of each data disk by its lun; the others are Premium_LRS.
    data_disk_skus: tuple[str, ...] = ()
    #: The first data disk can be attached to two VMs.
    shared_data_disk: bool = False
    os_disk_sku: str = "Premium_LRS"
    #: Size of the OS disk in GB; None is 30 for Linux and 127 for Windows.
    os_disk_gb: int | None = None
    #: Name of a disk encryption set in the VM's group, or its id: every disk is encrypted with its key.
    disk_encryption_set: str | None = None
    #: name, publisher and product of the Marketplace plan it was created from.
    plan: Mapping[str, str] | None = None
    user_data: str | None = None
    #: Extensions that it has from the start.
    extensions: tuple[ExtensionSpec, ...] = ()
    #: A lock of this level on the VM itself.
    lock: Literal["CanNotDelete", "ReadOnly"] | None = None

    @property
    def group_id(self) -> str:
        """The ARM id of the VM's resource group."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def id(self) -> str:
        """The ARM id of the VM."""
        return f"{self.group_id}/providers/Microsoft.Compute/virtualMachines/{self.name}"

    @property
    def architecture(self) -> str:
        """The architecture of its size, and so of its OS disk."""
        return find_size(self.vm_size).series.architecture

    @property
    def can_hibernate(self) -> bool:
        """Whether hibernation is enabled on it."""
        return self.hibernation_enabled or self.power == "hibernated"

    @property
    def controllers(self) -> tuple[str, ...]:
        """Disk controllers from which its OS disk can boot."""
        return self.os_disk_controllers or (("SCSI",) if self.hyper_v_generation == "V1" else ("SCSI", "NVMe"))

    @property
    def os_disk_size(self) -> int:
        """Size of the OS disk in GB."""
        return self.os_disk_gb or (30 if self.os == "Linux" else 127)

    @property
    def encryption_set_id(self) -> str | None:
        """The ARM id of its disk encryption set, if set."""
        if self.disk_encryption_set is None or self.disk_encryption_set.startswith("/"):
            return self.disk_encryption_set
        return f"{self.group_id}/providers/Microsoft.Compute/diskEncryptionSets/{self.disk_encryption_set}"

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "VmSpec":
        """A VM from JSON in camelCase or snake_case; raises ValueError for an unknown field."""
        values = _known(VmSpec, document)
        for name, kind in (("linux", LinuxTraits), ("windows", WindowsTraits), ("foreign_stop", ForeignStop)):
            if values.get(name) is not None:
                values[name] = kind(**_known(kind, values[name]))
        held = values.get("extensions", ())
        values["extensions"] = tuple(ExtensionSpec(**_known(ExtensionSpec, entry)) for entry in held)
        for name in ("zones", "data_disk_skus", "os_disk_controllers"):
            values[name] = tuple(values.get(name, ()))
        if "name" not in values:
            raise ValueError("a VM needs a 'name'")
        return VmSpec(**values)


def _known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(kind)}
    values = {_snake(key): value for key, value in document.items()}
    if unknown := sorted(set(values) - names):
        raise ValueError(f"unknown field(s) {', '.join(unknown)} of {kind.__name__}; known: {', '.join(sorted(names))}")
    return {key: tuple(value) if key in ("detach", "leaves", "people") else value for key, value in values.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
