"""Everything that is simulated: machines, groups, locks, role, faults, and the log of requests."""

import random
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from workbench.arm_simulator.clock import Clock
from workbench.arm_simulator.durations import Dice, Durations
from workbench.arm_simulator.errors import resource_group_not_found, resource_not_found, subscription_not_found
from workbench.arm_simulator.faults import Faults
from workbench.arm_simulator.fleet_resources import add_network, add_surroundings, let_go
from workbench.arm_simulator.galleries import Galleries
from workbench.arm_simulator.guests.emulated_windows import EmulatedWindowsGuest
from workbench.arm_simulator.guests.model import DiskContent
from workbench.arm_simulator.guests.sandboxed_linux import linux_guest
from workbench.arm_simulator.image_resolvers import resolvers
from workbench.arm_simulator.locks import Locks
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.machine_model import MachineModel
from workbench.arm_simulator.operations import Operations
from workbench.arm_simulator.picture import picture
from workbench.arm_simulator.platform import Platform
from workbench.arm_simulator.power import stop_by_other
from workbench.arm_simulator.regions import region_key
from workbench.arm_simulator.request_log import RequestRecord
from workbench.arm_simulator.roles import Role
from workbench.arm_simulator.signing import UrlSigner
from workbench.arm_simulator.specs import MachineSpec
from workbench.arm_simulator.store import ImageResolver, ImageSource, Resource, Store, Trace
from workbench.arm_simulator.throttle import Throttle
from workbench.arm_simulator.vm_sizes import cores_of


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
        #: Machines that were deleted, for what they did.
        self.former: list[Machine] = []
        #: The quota of cores in a region (its name in lower case without spaces); no entry is no limit.
        self.quota: dict[str, int] = {}
        self._groups: set[str] = set()
        self._guests = 0
        self.galleries = Galleries(self.store, self.platform, self._groups)
        self.replication = self.galleries.replication
        self.add_gallery, self.add_definition = self.galleries.add_gallery, self.galleries.add_definition
        self.add_version = self.galleries.add_version
        self.image_sources += resolvers(self.store, self.galleries)

    def add(self, spec: MachineSpec) -> Machine:
        """Add a machine; ValueError when its id is taken."""
        key = spec.id.lower()
        if key in self.machines:
            raise ValueError(f"there is a machine '{spec.id}' already")
        if spec.os == "Windows":
            guest = EmulatedWindowsGuest(spec.windows, host_name=spec.name[:15])
        else:
            guest = linux_guest(self._guest_root(spec), spec.linux, self._emulate_linux, spec.name)
        machine = Machine(self.platform, spec, guest)
        self.machines[key] = machine
        self._groups.add(spec.group_id.lower())
        add_surroundings(self.store, machine)
        if spec.lock is not None:
            self.locks.add(spec.id, spec.lock)
        stop = spec.foreign_stop
        if stop is not None and stop.since == "added":
            self.stop_later(machine, stop.how, stop.after_seconds)
        return machine

    def create(self, spec: MachineSpec, model: MachineModel, content: DiskContent) -> Machine:
        """A machine that is created now, with a guest whose disk begins as `content`; nothing of it has booted."""
        machine = Machine(self.platform, spec, content.guest(self._guest_root(spec)), model)
        machine.guest_boots = content.boots
        machine.listed_from += timedelta(seconds=self.platform.dice.draw("listing_lag"))
        self.machines[machine.id.lower()] = machine
        self.store.trace_made("Microsoft.Compute/virtualMachines", machine.id, machine.tags)
        return machine

    def _guest_root(self, spec: MachineSpec) -> Path:
        self._guests += 1
        return self._state_dir / "guests" / f"{self._guests}-{spec.name}"

    def add_group(self, group_id: str) -> None:
        """A resource group with nothing in it."""
        self._groups.add(group_id.lower().rstrip("/"))

    def add_network(self, group_id: str, location: str) -> str:
        """A network in a group and a location, made when there is none; the id of its subnet."""
        self.add_group(group_id)
        return add_network(self.store, group_id, location).id

    def add_scale_set(self, name: str, group_id: str, image_id: str, location: str = "westeurope") -> Resource:
        """A scale set whose machines are made from an image."""
        self.add_group(group_id)
        storage = {"storageProfile": {"imageReference": {"id": image_id}}}
        kind = "Microsoft.Compute/virtualMachineScaleSets"
        made = self.store.new(f"{group_id}/providers/{kind}/{name}", kind, location, fresh=False)
        made.properties = {"virtualMachineProfile": storage}
        return self.store.add(made, trace=False)

    def cores_used(self, location: str) -> int:
        """Cores of every machine in a region, deallocated ones too: they hold their quota."""
        machines = [m for m in self.machines.values() if region_key(m.spec.location) == region_key(location)]
        return sum(cores_of(machine.spec.vm_size) for machine in machines)

    def picture(self, machine: Machine) -> str:
        """A comparable text of a machine and all that belongs to it; the same text means that nothing was written."""
        return picture(self.store, machine)

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
        """Forget a machine. What its delete options name goes with it; other disks and interfaces become free."""
        if self.machines.pop(machine.id.lower(), None) is None:
            return
        self.former.append(machine)
        self.store.trace_deleted("Microsoft.Compute/virtualMachines", machine.id, machine.tags)
        let_go(self.store, machine)

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
