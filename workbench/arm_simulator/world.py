"""Everything that is simulated: machines, groups, locks, role, faults, and the log of requests."""

import random
from collections.abc import Mapping
from pathlib import Path

from workbench.arm_simulator.clock import Clock
from workbench.arm_simulator.durations import Dice, Durations
from workbench.arm_simulator.errors import resource_group_not_found, resource_not_found, subscription_not_found
from workbench.arm_simulator.faults import Faults
from workbench.arm_simulator.guests.emulated_windows import EmulatedWindowsGuest
from workbench.arm_simulator.guests.sandboxed_linux import linux_guest
from workbench.arm_simulator.locks import Locks
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.operations import Operations
from workbench.arm_simulator.platform import Platform
from workbench.arm_simulator.power import stop_by_other
from workbench.arm_simulator.request_log import RequestRecord
from workbench.arm_simulator.roles import Role
from workbench.arm_simulator.signing import UrlSigner
from workbench.arm_simulator.specs import MachineSpec
from workbench.arm_simulator.store import ImageResolver, ImageSource, Store, Trace
from workbench.arm_simulator.throttle import Throttle


class World:
    """State without HTTP. Ids have no case."""

    def __init__(
        self,
        clock: Clock,
        role: Role,
        state_dir: Path,
        throttling: bool = True,
        seed: int = 0,
        durations: Durations | None = None,
        emulate_linux: bool = False,
    ) -> None:
        rng = random.Random(seed)  # noqa: S311 - chance for durations and ids, not for secrets
        self.clock = clock
        self.role = role
        self.locks = Locks()
        self.faults = Faults()
        self.throttle = Throttle(clock, throttling)
        self.signer = UrlSigner(rng)
        self.platform = Platform(clock, Dice(rng, durations), Operations(clock, self.signer, rng), rng)
        self.store = Store(clock, self.platform.dice)
        #: Asked in order for what a machine may be made from.
        self.image_sources: list[ImageResolver] = []
        self.requests: list[RequestRecord] = []
        self._state_dir = state_dir
        self._emulate_linux = emulate_linux
        self.machines: dict[str, Machine] = {}
        self._groups: set[str] = set()
        self._guests = 0

    def add(self, spec: MachineSpec) -> Machine:
        """Add a machine; ValueError when its id is taken."""
        key = spec.id.lower()
        if key in self.machines:
            raise ValueError(f"there is a machine '{spec.id}' already")
        if spec.os == "Windows":
            guest = EmulatedWindowsGuest(spec.windows)
        else:
            self._guests += 1
            root = self._state_dir / "guests" / f"{self._guests}-{spec.name}"
            guest = linux_guest(root, spec.linux, self._emulate_linux)
        machine = Machine(self.platform, spec, guest)
        self.machines[key] = machine
        self._groups.add(spec.group_id.lower())
        if spec.lock is not None:
            self.locks.add(spec.id, spec.lock)
        stop = spec.foreign_stop
        if stop is not None and stop.since == "added":
            self.stop_later(machine, stop.how, stop.after_seconds)
        return machine

    def image_source(self, image_id: str) -> ImageSource | None:
        """What a machine or a disk may be made from, by the id of an image, a definition or a version."""
        for find in self.image_sources:
            if (found := find(image_id)) is not None:
                return found
        return None

    @property
    def made(self) -> list[Trace]:
        """Resources and machines that were made, in order; the fleet is not among them."""
        return self.store.made

    @property
    def deleted(self) -> list[Trace]:
        """Resources and machines that were deleted, in order."""
        return self.store.deleted

    def tagged(self, name: str, value: str) -> list[str]:
        """Ids of every resource and machine there is whose tag `name` (no case) has this value."""
        held = [(r.id, r.tags) for r in self.store.all()] + [(m.id, m.tags) for m in self.machines.values()]
        wanted = (name.lower(), value)
        return [held_id for held_id, tags in held if wanted in {(key.lower(), text) for key, text in tags.items()}]

    def stop_later(self, machine: Machine, how: str, seconds: float) -> None:
        """Somebody else stops a machine `seconds` from now."""

        def stop() -> None:
            stop_by_other(machine, how)  # pyright: ignore[reportArgumentType]

        self.clock.call_in(seconds, stop)

    def remove(self, machine: Machine) -> None:
        """Forget a machine; its resource group stays."""
        self.machines.pop(machine.id.lower(), None)

    def named(self, name: str) -> Machine:
        """The machine of this name or id. KeyError tells what is wrong."""
        found = [machine for key, machine in self.machines.items() if name.lower() in (key, machine.name.lower())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} machines are called '{name}'; give the full id of one that exists")
        return found[0]

    def machine_at(self, subscription: str, group: str, name: str) -> Machine:
        """The machine of an ARM path. Raises the 404 that fits."""
        self.require_group(subscription, group)
        machine = self.machines.get(_vm_id(subscription, group, name).lower())
        if machine is None:
            raise resource_not_found(f"Microsoft.Compute/virtualMachines/{name}", group)
        return machine

    def count_request(self, names: Mapping[str, str]) -> None:
        """Count a request for the machine that a path names, itself or as the scope of what is asked."""
        whole = {"subscription", "group", "vm"} <= names.keys()
        vm_id = _vm_id(names["subscription"], names["group"], names["vm"]) if whole else names.get("scope", "")
        machine = self.machines.get(vm_id.lower())
        if machine is not None:
            machine.requests += 1

    def require_group(self, subscription: str, group: str) -> None:
        """Raises 404 when the subscription or the group does not exist."""
        self.require_subscription(subscription)
        if f"/subscriptions/{subscription}/resourceGroups/{group}".lower() not in self._groups:
            raise resource_group_not_found(group)

    def require_subscription(self, subscription: str) -> None:
        """Raises 404 when the subscription does not exist."""
        if subscription.lower() not in self.subscriptions():
            raise subscription_not_found(subscription)

    def subscriptions(self) -> list[str]:
        """Known subscription ids, in lower case."""
        return sorted({group.split("/")[2] for group in self._groups})


def _vm_id(subscription: str, group: str, name: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
