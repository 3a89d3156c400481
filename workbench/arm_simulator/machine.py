"""One simulated machine: its state, and what other rooms may ask of it."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from workbench.arm_simulator.effects import Effect, EffectLog
from workbench.arm_simulator.guests.model import Boots, Guest
from workbench.arm_simulator.machine_model import MachineModel, fleet_model
from workbench.arm_simulator.operations import Operation
from workbench.arm_simulator.platform import Platform
from workbench.arm_simulator.run_command_record import RunCommandRecord
from workbench.arm_simulator.serial_console import SerialConsole
from workbench.arm_simulator.specs import MachineSpec

type PowerState = Literal["starting", "running", "stopping", "stopped", "deallocating", "deallocated"]
type AgentReport = Literal["ready", "notReady"] | None


class Machine:
    """State of a machine. `power` is what it does; `goal` is what the platform was last told it should do.

    With a `model` it is being created now and has not booted; without one it is of the fleet, as its spec says.
    """

    def __init__(self, platform: Platform, spec: MachineSpec, guest: Guest, model: MachineModel | None = None) -> None:
        self.platform = platform
        self.spec = spec
        self.guest = guest
        self.tags = dict(spec.tags)
        self.log = EffectLog(platform.clock, spec.id)
        self.vm_id = str(uuid.UUID(int=platform.rng.getrandbits(128), version=4))
        self.disk_suffix = f"{platform.rng.getrandbits(64):016x}"
        self.model = model or fleet_model(spec, self.disk_suffix)
        self.created: datetime = platform.clock.now()
        #: No LIST shows it before this moment.
        self.listed_from = self.created
        #: The operation that creates it, until that has ended.
        self.creation: Operation | None = None
        #: What its first boot was told, so that a failed creation can be tried again; no password.
        self.provisioning: Mapping[str, str | None] | None = None
        #: What becomes of it, as its disk's content says.
        self.guest_boots: Boots = "ok"
        #: Whether it was made from a specialized image.
        self.specialized = False
        self.power: PowerState = "stopped" if spec.power == "guestStopped" else spec.power
        self.goal: Literal["running", "stopped", "deallocated"] = (
            "running" if spec.power in ("running", "guestStopped") else spec.power
        )
        self.generalized = spec.generalized
        self.provisioning_state = "Succeeded"
        self.power_changed: datetime = self.created
        self.agent: AgentReport = "ready" if spec.agent_ready else "notReady"
        if self.power == "deallocated":
            self.agent = None
        #: Counts boots; an event of an earlier boot does nothing.
        self.boot_number = 1
        self.power_operation: Operation | None = None
        self.run_commands: dict[str, RunCommandRecord] = {}
        self.action_operation: Operation | None = None
        self.seen_jobs: set[str] = set()
        self.deleting = False
        self.requests = 0
        #: Called each time the agent becomes ready; set with the first managed run command.
        self.agent_came_up: Callable[[Machine], None] | None = None
        self._console = SerialConsole(platform.clock, platform.dice)
        self._guest_text_seen = 0
        if model is None:
            # It booted before it was added: what that wrote is in the log by now.
            self.write_boot(at_once=True)
            self._take_console(at_once=True)
        else:
            self.power, self.provisioning_state, self.agent = "starting", "Creating", None

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

    def can_run_scripts(self) -> bool:
        """Whether a script delivered now would be started by the agent."""
        return self.power == "running" and self.agent == "ready" and self.guest.agent_running()

    def make_agent_ready(self) -> None:
        """The agent is ready, after a boot or because it was repaired: it takes the run commands that wait for it."""
        self.agent = "ready"
        if self.agent_came_up is not None:
            self.agent_came_up(self)

    def read_guest(self) -> None:
        """Take what the guest did into the log of effects, and what it wrote into the console."""
        self._take_console()
        self.log.read_guest(self.guest.effects(), self.guest.serial_log())

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What was done that cannot be undone, in order."""
        return tuple(self.log.all)

    @property
    def armed_count(self) -> int:
        """How often the guest was armed (Linux: work scheduled; Windows: sealed)."""
        return self.log.count("armed")

    @property
    def sealed_count(self) -> int:
        """How often the guest said that it sealed itself."""
        return self.log.count("sealed")

    @property
    def armed_by_run(self) -> dict[str, int]:
        """How often each run id armed it."""
        return self.log.by_run("armed")

    def serial_log(self) -> str:
        """All that was written to the console: the truth, which boot diagnostics show later."""
        self._take_console()
        return self._console.text()

    def published_serial_log(self) -> str:
        """What boot diagnostics show by now."""
        self._take_console()
        return self._console.published()

    def write_boot(self, *, at_once: bool = False) -> None:
        """Note a boot on the console."""
        name, system = self.name, self.spec.linux.distribution if self.spec.os == "Linux" else "Windows"
        line = f"{self.platform.clock.now():%Y-%m-%dT%H:%M:%SZ} {name}: {system} booted\r\n"
        self._console.write(line, at_once=at_once)

    def _take_console(self, *, at_once: bool = False) -> None:
        text = self.guest.serial_log()
        self._console.write(text[self._guest_text_seen :], at_once=at_once)
        self._guest_text_seen = len(text)
