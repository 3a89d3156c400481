"""What was read about a machine: facts only, no judgement."""

from enum import StrEnum

from contracts.ids import VmId
from contracts.message import Message


class PowerState(StrEnum):
    """The last known power state, as the instance view tells it (codes PowerState/...)."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DEALLOCATING = "deallocating"
    DEALLOCATED = "deallocated"
    UNKNOWN = "unknown"


class OsType(StrEnum):
    """The operating system as the machine's model tells it."""

    LINUX = "Linux"
    WINDOWS = "Windows"


class MachineState(Message):
    """One read of a machine: model and instance view together, so that they fit each other.

    `unique_id` is ARM's properties.vmId: it differs when a machine was deleted and made again under one name.
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

    @property
    def windows_build(self) -> int | None:
        """The Windows build number out of "Microsoft Windows NT 10.0.20348.0" or "10.0.20348.2402"."""
        parts = (self.os_version or "").split(" ")[-1].split(".")
        return int(parts[2]) if len(parts) >= 3 and parts[2].isdecimal() else None


class Lock(Message):
    """A management lock that covers the machine."""

    name: str
    level: str
    scope: str


class Permission(Message):
    """One entry of the caller's permissions on the machine, with ARM's wildcards."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


class FoundRunCommand(Message):
    """A managed Run Command that stands on the machine."""

    name: str
    app_name: str | None = None
    run_id: str | None = None


class MachineFacts(Message):
    """All that is read before a machine is judged; None means that it could not be read, or was not asked for."""

    machine: MachineState
    permissions: tuple[Permission, ...] | None = None
    locks: tuple[Lock, ...] | None = None
    run_commands: tuple[FoundRunCommand, ...] | None = None
    serial_log_readable: bool | None = None
