"""Everything that is simulated: VMs, groups, locks, role, faults, and the log of requests."""

import random
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from emulators.arm.authorization.locks import Locks
from emulators.arm.authorization.roles import Role
from emulators.arm.compute.images.resolvers import resolvers
from emulators.arm.compute.vms.fleet_resources import add_network, add_surroundings, let_go
from emulators.arm.compute.vms.model import VmModel
from emulators.arm.compute.vms.power import stop_by_other
from emulators.arm.compute.vms.sizes import cores_of
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.galleries.galleries import Galleries
from emulators.arm.galleries.regions import region_key
from emulators.arm.guests.emulated_windows import EmulatedWindowsGuest
from emulators.arm.guests.model import DiskContent
from emulators.arm.guests.sandboxed_linux import linux_guest
from emulators.arm.http.errors import resource_group_not_found, resource_not_found, subscription_not_found
from emulators.arm.http.faults import Faults
from emulators.arm.http.request_log import RequestRecord
from emulators.arm.http.signing import UrlSigner
from emulators.arm.http.throttle import Throttle
from emulators.arm.state.clock import Clock
from emulators.arm.state.durations import Dice, Durations
from emulators.arm.state.operations import Operations
from emulators.arm.state.picture import picture
from emulators.arm.state.platform import Platform
from emulators.arm.state.store import ImageResolver, ImageSource, Resource, Store, Trace


class World:
    """The state, without HTTP. Ids are case-insensitive."""

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
        #: Resolvers for the source of a VM, called in order.
        self.image_sources: list[ImageResolver] = []
        self.requests: list[RequestRecord] = []
        self._state_dir = state_dir
        self._emulate_linux = emulate_linux
        self.vms: dict[str, Vm] = {}
        #: Deleted VMs, kept for their effects.
        self.former: list[Vm] = []
        #: Core quota per region (its name in lower case without spaces); no entry means no limit.
        self.quota: dict[str, int] = {}
        self._groups: set[str] = set()
        self._guests = 0
        self.galleries = Galleries(self.store, self.platform, self._groups)
        self.replication = self.galleries.replication
        self.add_gallery, self.add_definition = self.galleries.add_gallery, self.galleries.add_definition
        self.add_version = self.galleries.add_version
        self.image_sources += resolvers(self.store, self.galleries)

    def add(self, spec: VmSpec) -> Vm:
        """Add a VM. Raises ValueError when its id is in use."""
        key = spec.id.lower()
        if key in self.vms:
            raise ValueError(f"the VM '{spec.id}' already exists")
        if spec.os == "Windows":
            guest = EmulatedWindowsGuest(spec.windows, host_name=spec.name[:15])
        else:
            guest = linux_guest(self._guest_root(spec), spec.linux, self._emulate_linux, spec.name)
        vm = Vm(self.platform, spec, guest)
        self.vms[key] = vm
        self._groups.add(spec.group_id.lower())
        add_surroundings(self.store, vm)
        if spec.lock is not None:
            self.locks.add(spec.id, spec.lock)
        stop = spec.foreign_stop
        if stop is not None and stop.since == "added":
            self.stop_later(vm, stop.how, stop.after_seconds)
        return vm

    def create(self, spec: VmSpec, model: VmModel, content: DiskContent) -> Vm:
        """A VM that is being created, with a guest whose disk starts as `content`; it has not booted."""
        vm = Vm(self.platform, spec, content.guest(self._guest_root(spec)), model)
        vm.guest_boots = content.boots
        vm.listed_from += timedelta(seconds=self.platform.dice.draw("listing_lag"))
        self.vms[vm.id.lower()] = vm
        self.store.trace_created("Microsoft.Compute/virtualMachines", vm.id, vm.tags)
        return vm

    def _guest_root(self, spec: VmSpec) -> Path:
        self._guests += 1
        return self._state_dir / "guests" / f"{self._guests}-{spec.name}"

    def add_group(self, group_id: str) -> None:
        """Add an empty resource group."""
        self._groups.add(group_id.lower().rstrip("/"))

    def add_network(self, group_id: str, location: str) -> str:
        """A network in a group and a location, created if missing; returns the id of its subnet."""
        self.add_group(group_id)
        return add_network(self.store, group_id, location).id

    def add_scale_set(self, name: str, group_id: str, image_id: str, location: str = "westeurope") -> Resource:
        """Add a scale set whose VMs are created from an image."""
        self.add_group(group_id)
        storage = {"storageProfile": {"imageReference": {"id": image_id}}}
        kind = "Microsoft.Compute/virtualMachineScaleSets"
        resource = self.store.new(f"{group_id}/providers/{kind}/{name}", kind, location, fresh=False)
        resource.properties = {"virtualMachineProfile": storage}
        return self.store.add(resource, trace=False)

    def cores_used(self, location: str) -> int:
        """Cores of every VM in a region, including deallocated ones, which also use quota."""
        vms = [m for m in self.vms.values() if region_key(m.spec.location) == region_key(location)]
        return sum(cores_of(vm.spec.vm_size) for vm in vms)

    def picture(self, vm: Vm) -> str:
        """A comparable text of a VM and all its resources; the same text means that nothing was changed."""
        return picture(self.store, vm)

    def image_source(self, image_id: str) -> ImageSource | None:
        """What a VM or a disk can be created from, by the id of an image, a definition or a version."""
        for find in self.image_sources:
            if (found := find(image_id)) is not None:
                return found
        return None

    @property
    def resource(self) -> list[Trace]:
        """Resources and VMs that were created, in order, without the fleet."""
        return self.store.resource

    @property
    def deleted(self) -> list[Trace]:
        """Resources and VMs that were deleted, in order."""
        return self.store.deleted

    def tagged(self, name: str, value: str) -> list[str]:
        """Ids of every resource and VM whose tag `name` (case-insensitive) has this value."""
        held = [(r.id, r.tags) for r in self.store.all()] + [(m.id, m.tags) for m in self.vms.values()]
        wanted = (name.lower(), value)
        return [held_id for held_id, tags in held if wanted in {(key.lower(), text) for key, text in tags.items()}]

    def stop_later(self, vm: Vm, how: str, seconds: float) -> None:
        """Another caller stops a VM `seconds` from now."""

        def stop() -> None:
            stop_by_other(vm, how)  # pyright: ignore[reportArgumentType]

        self.clock.call_in(seconds, stop)

    def remove(self, vm: Vm) -> None:
        """Remove a VM. What its delete options name is deleted with it; other disks and interfaces are detached."""
        if self.vms.pop(vm.id.lower(), None) is None:
            return
        self.former.append(vm)
        self.store.trace_deleted("Microsoft.Compute/virtualMachines", vm.id, vm.tags)
        let_go(self.store, vm)

    def named(self, name: str) -> Vm:
        """The VM with this name or id. Raises KeyError with the reason."""
        found = [vm for key, vm in self.vms.items() if name.lower() in (key, vm.name.lower())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} VMs are called '{name}'; give the full id of one that exists")
        return found[0]

    def vm_at(self, subscription: str, group: str, name: str) -> Vm:
        """The VM of an ARM path. Raises 404 with the code of what is missing."""
        self.require_group(subscription, group)
        vm = self.vms.get(_vm_id(subscription, group, name).lower())
        if vm is None:
            raise resource_not_found(f"Microsoft.Compute/virtualMachines/{name}", group)
        return vm

    def count_request(self, names: Mapping[str, str]) -> None:
        """Count a request for the VM in a path, as the resource itself or as the scope."""
        is_vm = {"subscription", "group", "vm"} <= names.keys()
        vm_id = _vm_id(names["subscription"], names["group"], names["vm"]) if is_vm else names.get("scope", "")
        vm = self.vms.get(vm_id.lower())
        if vm is not None:
            vm.requests += 1

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
