"""One emulated VM: its state, and the operations that other modules use."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from emulators.arm.compute.vms.extensions import Extension, add_existing
from emulators.arm.compute.vms.model import VmModel, fleet_model
from emulators.arm.compute.vms.serial_console import SerialConsole
from emulators.arm.compute.vms.specs import Power, VmSpec
from emulators.arm.guests.model import Boots, Guest
from emulators.arm.state.effects import Effect, EffectLog
from emulators.arm.state.operations import Operation
from emulators.arm.state.platform import Platform

if TYPE_CHECKING:
    from emulators.arm.compute.run_commands.record import RunCommandRecord

type PowerState = Literal["starting", "running", "stopping", "stopped", "deallocating", "deallocated"]
type Goal = Literal["running", "stopped", "deallocated"]
type AgentReport = Literal["ready", "notReady"] | None


#: The power state and the goal of a VM of the fleet.
_POWER: Mapping[Power, tuple[PowerState, Goal]] = {
    "running": ("running", "running"),
    "stopped": ("stopped", "stopped"),
    "guestStopped": ("stopped", "running"),
    "deallocated": ("deallocated", "deallocated"),
    "hibernated": ("deallocated", "deallocated"),
}


class Vm:
    """State of a VM. `power` is its current state; `goal` is the state that was last requested from the platform.

    With a `model` it is being created and has not booted; without one it is a fleet VM, described by its spec.
    """

    def __init__(self, platform: Platform, spec: VmSpec, guest: Guest, model: VmModel | None = None) -> None:
        self.platform, self.spec, self.guest = platform, spec, guest
        self.tags = dict(spec.tags)
        self.log = EffectLog(platform.clock, spec.id)
        self.vm_id = str(uuid.UUID(int=platform.rng.getrandbits(128), version=4))
        self.disk_suffix = f"{platform.rng.getrandbits(64):016x}"
        self.model = model or fleet_model(spec, self.disk_suffix)
        self.created: datetime = platform.clock.now()
        #: No LIST shows it before this moment.
        self.listed_from = self.created
        #: The operation that creates it, until that ends.
        self.creation: Operation | None = None
        #: Values for its first boot, so that a failed creation can be retried; no password.
        self.provisioning: Mapping[str, str | None] | None = None
        #: How it boots, as its disk's content sets it.
        self.guest_boots: Boots = "ok"
        #: Whether it was created from a specialized image.
        self.specialized = False
        self.power: PowerState = _POWER[spec.power][0]
        self.goal: Goal = _POWER[spec.power][1]
        #: Deallocated with its memory on the OS disk.
        self.hibernated = spec.power == "hibernated"
        #: It was created from a disk that held another VM's memory, and goes on from there.
        self.resumed = False
        self.generalized = spec.generalized
        self.provisioning_state = "Succeeded"
        #: Code and message of the operation that left it Failed.
        self.failure: tuple[str, str] | None = None
        self.power_changed: datetime = self.created
        report: AgentReport = "ready" if spec.agent_ready else "notReady"
        self.agent: AgentReport = None if self.power == "deallocated" else report
        #: Counts boots; an event of an earlier boot does nothing.
        self.boot_number = 1
        self.power_operation: Operation | None = None
        self.run_commands: dict[str, RunCommandRecord] = {}
        self.extensions: dict[str, Extension] = {}
        self.action_operation: Operation | None = None
        self.seen_jobs: set[str] = set()
        self.deleting = False
        self.requests = 0
        #: Called each time the agent becomes ready; set with the first managed run command.
        self.agent_came_up: Callable[[Vm], None] | None = None
        #: Called when its creation has succeeded.
        self.created_hooks: Sequence[Callable[[Vm], None]] = ()
        self._console = SerialConsole(platform.clock, platform.dice)
        self._guest_text_seen = 0
        if model is None:
            self._begin_in_fleet()
        else:
            self.power, self.provisioning_state, self.agent = "starting", "Creating", None

    def _begin_in_fleet(self) -> None:
        """It booted before it was added, so the output of that boot is in the log."""
        self.write_boot(at_once=True)
        self._take_console(at_once=True)
        for extension in self.spec.extensions:
            add_existing(self, extension)

    @property
    def id(self) -> str:
        """The ARM id."""
        return self.spec.id

    @property
    def name(self) -> str:
        """The name within its resource group."""
        return self.spec.name

    @property
    def power_state(self) -> str:
        """The code in the instance view, for example `PowerState/running`."""
        return f"PowerState/{self.power}"

    @property
    def os_disk(self) -> str:
        """The name of its OS disk."""
        return self.model.os_disk_name

    def set_power(self, power: PowerState) -> None:
        """Change the power state now; leaving `running` ends a boot."""
        if self.power == "running" and power != "running":
            self.boot_number += 1
        self.power = power
        self.power_changed = self.platform.clock.now()

    def own_time(self) -> datetime:
        """What the guest's clock shows now."""
        return self.platform.clock.now() + timedelta(seconds=self.spec.clock_ahead)

    def can_run_scripts(self) -> bool:
        """Whether a script delivered now would be started by the agent."""
        return self.power == "running" and self.agent == "ready" and self.guest.agent_running()

    def make_agent_ready(self) -> None:
        """The agent is ready, after a boot or a repair: it runs the waiting run commands."""
        self.agent = "ready"
        if self.agent_came_up is not None:
            self.agent_came_up(self)

    def read_guest(self) -> None:
        """Copy the guest's effects into the effect log, and its output into the console."""
        self._take_console()
        self.log.read_guest(self.guest.effects(), self.guest.serial_log())

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Irreversible effects, in order."""
        return tuple(self.log.all)

    @property
    def requested_count(self) -> int:
        """How often deprovisioning was requested (Linux: work scheduled; Windows: deprovisioned)."""
        return self.log.count("requested")

    @property
    def deprovisioned_count(self) -> int:
        """How often the guest reported that it was deprovisioned."""
        return self.log.count("deprovisioned")

    @property
    def requested_by_run(self) -> dict[str, int]:
        """How often each run id requested it."""
        return self.log.by_run("requested")

    def serial_log(self) -> str:
        """All text written to the console; boot diagnostics shows it later."""
        self._take_console()
        return self._console.text()

    def published_serial_log(self) -> str:
        """The text that boot diagnostics shows now."""
        self._take_console()
        return self._console.published()

    def hold_console(self, seconds: float) -> None:
        """Let boot diagnostics show nothing new for so long."""
        self._console.hold(seconds)

    def write_boot(self, *, at_once: bool = False) -> None:
        """Write to the console what a boot prints: on Linux, first the kernel's own line."""
        name, system = self.name, self.spec.linux.distribution if self.spec.os == "Linux" else "Windows"
        kernel = "[    0.000000] Linux version 6.8.0-1021-azure (buildd@lcy02) #25-Ubuntu SMP\r\n"
        when = f"{self.platform.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        line = f"{kernel if self.spec.os == 'Linux' else ''}{when} {name}: {system} booted\r\n"
        self._console.write(line, at_once=at_once)

    def _take_console(self, *, at_once: bool = False) -> None:
        text = self.guest.serial_log()
        if self.spec.console_reaches_azure:
            self._console.write(text[self._guest_text_seen :], at_once=at_once)
        self._guest_text_seen = len(text)
