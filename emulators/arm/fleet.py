"""The world, and what tests, tools and the control plane put into it: VMs, galleries, networks, scale sets."""

import random
from pathlib import Path

from emulators.arm.authorization.deny_assignments import DenyAssignments
from emulators.arm.authorization.locks import Locks
from emulators.arm.authorization.roles import Role
from emulators.arm.compute.images.capture import managed_images
from emulators.arm.compute.sizes.capacity import Capacity
from emulators.arm.compute.sizes.quota import cores_used
from emulators.arm.compute.sizes.table import SIZES
from emulators.arm.compute.vms.deletion import remove
from emulators.arm.compute.vms.picture import picture
from emulators.arm.compute.vms.power import stop_by_other
from emulators.arm.compute.vms.scale_sets import SCALE_SETS
from emulators.arm.compute.vms.specs import StopKind, VmSpec
from emulators.arm.compute.vms.surroundings import add_network, add_surroundings
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.galleries.fleet import Galleries
from emulators.arm.galleries.recycle_bin import RecycleBin
from emulators.arm.galleries.replication import Replication
from emulators.arm.galleries.resolvers import gallery_images
from emulators.arm.guests.emulated_windows import EmulatedWindowsGuest
from emulators.arm.guests.sandboxed_linux import linux_guest
from emulators.arm.http.faults import Faults
from emulators.arm.http.signing import UrlSigner
from emulators.arm.http.throttle import Throttle
from emulators.arm.policies.policies import Policies
from emulators.arm.state.clock import Clock
from emulators.arm.state.durations import Dice, Durations
from emulators.arm.state.operations import Operations
from emulators.arm.state.platform import Platform
from emulators.arm.state.store import Resource, Store
from emulators.arm.state.world import World


class Fleet(World):
    """A world that was empty at first; what is added counts as existing before the first request."""

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
        signer, dice = UrlSigner(rng), Dice(rng, durations)
        self.capacity = Capacity()
        members: dict[str, frozenset[str]] = {}
        platform = Platform(clock, dice, Operations(clock, rng), rng, self.capacity)
        store = Store(clock, dice)
        replication = Replication(platform)
        super().__init__(
            clock=clock,
            platform=platform,
            store=store,
            role=role,
            locks=Locks(),
            deny_assignments=DenyAssignments(members),
            management_groups=members,
            faults=Faults(),
            throttle=Throttle(clock, throttling),
            signer=signer,
            replication=replication,
            recycle_bin=RecycleBin(clock, store, replication),
            guests_dir=state_dir / "guests",
        )
        self._emulate_linux = emulate_linux
        self.policies = Policies(self)
        self.vm_created.append(self.policies.created)
        self.galleries = Galleries(self)
        self.add_gallery, self.add_definition = self.galleries.add_gallery, self.galleries.add_definition
        self.add_version = self.galleries.add_version
        self.image_sources += [*gallery_images(self.store, self.galleries), managed_images(self.store)]

    def add(self, spec: VmSpec) -> Vm:
        """Add a VM. Raises ValueError when its id is in use, or its size is unknown."""
        key = spec.id.lower()
        if spec.vm_size.lower() not in SIZES:
            raise ValueError(f"there is no size '{spec.vm_size}' in compute/sizes/table.py")
        if key in self.vms:
            raise ValueError(f"the VM '{spec.id}' already exists")
        if spec.os == "Windows":
            guest = EmulatedWindowsGuest(spec.windows, host_name=spec.name[:15])
        else:
            guest = linux_guest(self.guest_root(spec.name), spec.linux, self._emulate_linux, spec.name)
        vm = Vm(self.platform, spec, guest)
        self.vms[key] = vm
        self.add_group(spec.group_id)
        if (set_id := spec.encryption_set_id) is not None:
            self.add_group(set_id.partition("/providers/")[0])
        add_surroundings(self.store, vm)
        if spec.lock is not None:
            self.locks.add(spec.id, spec.lock)
        stop = spec.foreign_stop
        if stop is not None and stop.since == "added":
            self.stop_later(vm, stop.how, stop.after_seconds)
        return vm

    def remove(self, vm: Vm) -> None:
        """Remove a VM, and what its delete options name."""
        remove(self, vm)

    def stop_later(self, vm: Vm, how: StopKind, seconds: float) -> None:
        """Another caller stops a VM `seconds` from now."""
        stop_by_other(vm, how, seconds)

    def named(self, name: str) -> Vm:
        """The VM with this name or id. Raises KeyError with the reason."""
        found = [vm for key, vm in self.vms.items() if name.lower() in (key, vm.name.lower())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} VMs are called '{name}'; give the full id of one that exists")
        return found[0]

    def add_network(self, group_id: str, location: str) -> str:
        """A network in a group and a location, created if missing; returns the id of its subnet."""
        self.add_group(group_id)
        return add_network(self.store, group_id, location).id

    def add_scale_set(self, name: str, group_id: str, image_id: str, location: str = "westeurope") -> Resource:
        """Add a scale set whose VMs are created from an image."""
        self.add_group(group_id)
        storage = {"storageProfile": {"imageReference": {"id": image_id}}}
        resource = self.store.new(f"{group_id}/providers/{SCALE_SETS}/{name}", SCALE_SETS, location, fresh=False)
        resource.properties = {"virtualMachineProfile": storage}
        return self.store.add(resource, trace=False)

    def cores_used(self, location: str) -> int:
        """Cores of every VM in a region, including deallocated ones, which also use quota."""
        return cores_used(self, location)

    def picture(self, vm: Vm) -> str:
        """A comparable text of a VM and all its resources; the same text means that nothing was changed."""
        return picture(self.store, vm)

    def tagged(self, name: str, value: str) -> list[str]:
        """Ids of every resource and VM whose tag `name` (case-insensitive) has this value."""
        held = [(r.id, r.tags) for r in self.store.all()] + [(m.id, m.tags) for m in self.vms.values()]
        wanted = (name.lower(), value)
        return [held_id for held_id, tags in held if wanted in {(key.lower(), text) for key, text in tags.items()}]
