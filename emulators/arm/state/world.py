"""What exists in the emulated Azure: VMs, resources and groups, the caller's role, locks, faults and requests."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.arm.errors import resource_group_not_found, resource_not_found, subscription_not_found
from emulators.arm.state.clock import Clock
from emulators.arm.state.platform import Platform
from emulators.arm.state.store import ImageResolver, ImageSource, Store, Trace

if TYPE_CHECKING:
    from emulators.arm.authorization.deny_assignments import DenyAssignments
    from emulators.arm.authorization.locks import Locks
    from emulators.arm.authorization.roles import Role
    from emulators.arm.compute.vms.vm import Vm
    from emulators.arm.galleries.recycle_bin import RecycleBin
    from emulators.arm.galleries.replication import Replication
    from emulators.arm.http.faults import Faults
    from emulators.arm.http.request_log import RequestRecord
    from emulators.arm.http.signing import UrlSigner
    from emulators.arm.http.throttle import Throttle
    from emulators.arm.policies.policies import Policies


@dataclass(kw_only=True, eq=False)
class World:
    """The state behind every request, without the rules of a provider. Ids are case-insensitive."""

    clock: Clock
    platform: Platform
    store: Store
    role: "Role"
    locks: "Locks"
    deny_assignments: "DenyAssignments"
    faults: "Faults"
    throttle: "Throttle"
    signer: "UrlSigner"
    replication: "Replication"
    recycle_bin: "RecycleBin"
    #: The guests' files.
    guests_dir: Path
    #: Resolvers for the source of a VM, called in order.
    image_sources: list[ImageResolver] = field(default_factory=list[ImageResolver])
    #: Called with a VM when its creation has succeeded.
    vm_created: list[Callable[["Vm"], None]] = field(default_factory=list[Callable[["Vm"], None]])
    requests: list["RequestRecord"] = field(default_factory=list["RequestRecord"])
    vms: dict[str, "Vm"] = field(default_factory=dict[str, "Vm"])
    #: Deleted VMs, kept for their effects.
    former: list["Vm"] = field(default_factory=list["Vm"])
    #: Quotas: `westeurope` limits the cores of a region, `westeurope/standardDSv5Family` those of a family in it, and
    #: `westeurope/virtualMachines` the VMs. Without an entry the limit is that of a large subscription.
    quota: dict[str, int] = field(default_factory=dict[str, int])
    #: Subscriptions of each management group, by its name in lower case; no entry means all of them.
    management_groups: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    #: Evaluates every PUT and PATCH.
    policies: "Policies" = field(init=False)
    _group_tags: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    _groups: set[str] = field(default_factory=set[str])
    _guests: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def guest_root(self, name: str) -> Path:
        """A new folder for the files of a guest."""
        return self.guests_dir / f"{next(self._guests)}-{name}"

    def add_group(self, group_id: str, tags: Mapping[str, str] | None = None) -> None:
        """Add an empty resource group, or give an existing one other tags."""
        self._groups.add(group_id.lower().rstrip("/"))
        if tags is not None:
            self._group_tags[group_id.lower().rstrip("/")] = dict(tags)

    def group_tags_of(self, resource_id: str) -> dict[str, str]:
        """The tags of the resource group in an id."""
        return dict(self._group_tags.get("/".join(resource_id.lower().split("/")[:5]), {}))

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

    def vm_at(self, subscription: str, group: str, name: str) -> "Vm":
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
