"""What was read about a VM, its disks, its network and its image. Facts only, no checks."""

from datetime import datetime
from enum import StrEnum

from contracts.digits import read_digits
from contracts.ids import VmId
from contracts.message import Message
from contracts.recycle_bin import RecycleBin


class PowerState(StrEnum):
    """The last known power state, from the instance view (codes PowerState/...)."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DEALLOCATING = "deallocating"
    DEALLOCATED = "deallocated"
    UNKNOWN = "unknown"


class OsType(StrEnum):
    """The operating system type in the VM's model."""

    LINUX = "Linux"
    WINDOWS = "Windows"


class VmExtension(Message):
    """One VM extension: its name, its publisher and type, and its provisioning state as Azure shows it."""

    name: str
    publisher: str = ""
    type: str = ""
    provisioning_state: str = ""

    @property
    def kind(self) -> str:
        """Publisher and type, as in GOLDEN_REMOVABLE_EXTENSIONS."""
        return f"{self.publisher}/{self.type}"


class VmState(Message):
    """One read of a VM: model and instance view in one request, so that they are consistent.

    `unique_id` is ARM's properties.vmId: it changes when a VM is deleted and created again under the same name.
    `fault` is the code and message of a failed provisioning. `hibernated`: its memory is stored on the OS disk.
    """

    vm_id: VmId
    unique_id: str
    location: str
    os_type: OsType | None = None
    os_name: str | None = None
    os_version: str | None = None
    power_state: PowerState
    provisioning_state: str
    generalized: bool
    agent_ready: bool
    agent_version: str | None = None
    tags: dict[str, str] = {}
    in_scale_set: bool = False
    ephemeral_os_disk: bool = False
    disk_encryption: bool = False
    boot_diagnostics: bool = False
    os_disk_id: str = ""
    vm_size: str = ""
    fault: str = ""
    hibernated: bool = False
    extensions: tuple[VmExtension, ...] = ()

    @property
    def windows_build(self) -> int | None:
        """The Windows build number, from "Microsoft Windows NT 10.0.20348.0" or "10.0.20348.2402"."""
        parts = (self.os_version or "").split(" ")[-1].split(".")
        return read_digits(parts[2]) if len(parts) >= 3 else None


class Lock(Message):
    """A management lock that applies to a resource."""

    name: str
    level: str
    scope: str


class Permission(Message):
    """One entry of the caller's permissions on the VM, with ARM's wildcards."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


class FoundRunCommand(Message):
    """A managed Run Command that exists on the VM."""

    name: str
    app_name: str | None = None
    run_id: str | None = None
    nonce: str | None = None


class VmFacts(Message):
    """All that is read before a VM is checked. None: it could not be read, or was not requested."""

    vm: VmState
    permissions: tuple[Permission, ...] | None = None
    locks: tuple[Lock, ...] | None = None
    run_commands: tuple[FoundRunCommand, ...] | None = None
    serial_log_readable: bool | None = None


class Plan(Message):
    """The Marketplace purchase plan of a VM; a clone must have the same plan."""

    name: str
    publisher: str
    product: str
    promotion_code: str | None = None


class DiskFacts(Message):
    """One managed disk; `lun` is None for the OS disk, `attached_to` the ARM id of the VM."""

    id: str
    attached_to: str = ""
    lun: int | None = None
    caching: str = "None"
    location: str
    sku: str
    size_gb: int
    os_type: OsType | None = None
    generation: str | None = None
    security_type: str | None = None
    disk_encryption_set_id: str | None = None
    encryption_type: str | None = None
    disk_encryption: bool = False
    max_shares: int = 1
    architecture: str | None = None
    disk_controllers: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


class VmShape(Message):
    """The properties of a VM that its clone must have too, and what else decides where its image fits.

    `os_disk` is None if the OS disk is not a managed disk that can be copied (an ephemeral one).
    """

    location: str
    vm_size: str
    zones: tuple[str, ...] = ()
    plan: Plan | None = None
    license_type: str | None = None
    security_type: str | None = None
    secure_boot: bool | None = None
    v_tpm: bool | None = None
    encryption_at_host: bool | None = None
    disk_controller: str | None = None
    hibernation_enabled: bool = False
    os_disk: DiskFacts | None = None
    data_disks: tuple[DiskFacts, ...] = ()

    @property
    def generation(self) -> str:
        """The hypervisor generation, V1 or V2."""
        return (self.os_disk.generation if self.os_disk else None) or "V1"

    @property
    def architecture(self) -> str | None:
        """The processor architecture of the OS disk; None: it does not say it."""
        return self.os_disk.architecture if self.os_disk else None


class NetworkFacts(Message):
    """The resource group and the subnet of a temporary VM. None: could not be read, or does not exist.

    `vnet_location` is the region of the subnet's virtual network.
    """

    group_permissions: tuple[Permission, ...] | None = None
    group_locks: tuple[Lock, ...] | None = None
    subnet_permissions: tuple[Permission, ...] | None = None
    vnet_location: str | None = None


class ImageDefinition(Message):
    """An image definition in a gallery; without the feature `DiskControllerTypes` it is for SCSI only."""

    location: str
    os_type: OsType
    os_state: str
    generation: str = "V1"
    security_type: str | None = None
    architecture: str = "x64"
    disk_controllers: tuple[str, ...] = ("SCSI",)
    hibernation: bool = False
    plan: Plan | None = None

    @property
    def specialized(self) -> bool:
        """Whether its versions keep the identity of the VM, so that the VM is not deprovisioned."""
        return self.os_state.lower() == "specialized"


class ImageVersionListed(Message):
    """One version from the list of a definition; in `regions`, `latest` may resolve to it."""

    name: str
    run_id: str | None = None
    app_name: str | None = None
    regions: tuple[str, ...] = ()
    published_at: datetime | None = None
    excluded_from_latest: bool = False
    provisioning_state: str = ""


class RegionState(Message):
    """The state of the replication to one region; `progress` in percent."""

    name: str
    state: str
    progress: int = 0
    details: str = ""


class ImageFacts(Message):
    """What was read about the destination: the image definition, or whether the managed image exists already.

    `locks` are those at the definition, or at the managed image's resource group, inherited ones too. None: it could
    not be read, or was not requested.
    """

    definition: ImageDefinition | None = None
    versions: tuple[ImageVersionListed, ...] | None = None
    permissions: tuple[Permission, ...] | None = None
    image_exists: bool | None = None
    locks: tuple[Lock, ...] | None = None
    recycle_bin: RecycleBin | None = None


class GuestIdentity(Message):
    """What a VM reports about its identity: hashes of values that must not be reported themselves.

    `clock`: what the VM's clock showed, in seconds since 1970; it may be wrong.
    """

    host_name: str
    identity: str
    ssh_host_keys: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    authorized_keys: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    boot_id: str = ""
    clock: int | None = None
