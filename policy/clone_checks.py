"""The preflight checks of a clone: of its source VM, and of the place of the temporary VM."""

from collections.abc import Iterable, Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import (
    DiskFacts,
    NetworkFacts,
    OsType,
    Permission,
    PowerState,
    VmFacts,
    VmShape,
    VmState,
)
from contracts.ids import Scope
from contracts.image_options import GalleryImageVersion, ImageValidation, region_key
from contracts.request import Mode, Target
from contracts.resource_ids import SubnetId
from contracts.run import VmJob
from policy.encryption_sets import check_clone_encryption, check_validation_encryption, copied_disks
from policy.places import Place, group_not_allowed, place_of
from policy.rights import missing_actions, needed_for_clone, needed_for_validation
from policy.vm_checks import linux_guest, managed_by_another_app, unneeded_credential, unsupported_vm, windows_build

_STABLE = frozenset({PowerState.RUNNING, PowerState.STOPPED, PowerState.DEALLOCATED})
_NEVER_COPIED = frozenset({"ultrassd_lrs", "premiumv2_lrs"})
_FREE_THE_GROUP = (
    "Remove the lock from the resource group, or name another group: a run must be able to delete the temporary "
    "resources that it creates there."
)
_GRANT_THERE = "Grant the missing actions to the app's identity at the scope that the message names."


def check_clone(job: VmJob, facts: VmFacts, shape: VmShape, *, deprovisioned: bool = True) -> tuple[Refusal, ...]:
    """Check the source VM of a clone. It is never changed, so it needs no opt-in, and locks on it are allowed.

    A clone that is not `deprovisioned` (for a specialized image) does not run Sysprep, so its Windows build is not
    checked.
    """
    vm = facts.vm
    refusals = [*unsupported_vm(vm), *_state(job.target, vm), *_disks(job, vm, shape)]
    refusals += unneeded_credential(job.target, vm)
    if deprovisioned and vm.os_type is OsType.WINDOWS and vm.power_state is PowerState.RUNNING:
        refusals += windows_build(job.target, vm)
    return (*refusals, *_permissions_and_locks(job, facts, deprovisioned=deprovisioned))


def check_ready_clone(job: VmJob, vm: VmState, *, deprovisioned: bool = True) -> tuple[Refusal, ...]:
    """Check on the running clone what a stopped source does not report: the Windows build, the Linux agent."""
    if vm.os_type is OsType.WINDOWS:
        return tuple(windows_build(job.target, vm)) if deprovisioned else ()
    return tuple(linux_guest(job, vm))


def check_place_fits(job: VmJob, vm: VmState, shape: VmShape | None, place: Place) -> tuple[Refusal, ...]:
    """Check without asking Azure whether temporary VMs of this request may be in this place; `vm` is the source VM.

    What is outside the allowed scopes is then not even read.
    """
    return tuple(_fit(job, vm, shape, place))


def check_network(job: VmJob, vm: VmState, place: Place, facts: NetworkFacts) -> tuple[Refusal, ...]:
    """Check what was read about a place for temporary VMs of this request; `vm` is the source VM."""
    needed = _needed(job, vm, place.group)
    return (*_group(place.group, facts, needed["group"]), *_subnet(vm, place.subnet_id, facts, needed["subnet"]))


def _state(target: Target, vm: VmState) -> Iterator[Refusal]:
    state = vm.power_state
    if vm.hibernated:
        yield Refusal.of(RefusalCode.HIBERNATED, "the VM is hibernated: a copy of its disk would resume, and not start")
    if vm.generalized:
        yield Refusal.of(RefusalCode.SOURCE_GENERALIZED, f"the VM is marked generalized and is {state}")
    if state not in _STABLE:
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the VM's power state is {state}")
    elif state is PowerState.RUNNING and not (target.clone and target.clone.allow_running_source):
        yield Refusal.of(RefusalCode.SOURCE_RUNNING, "the VM is running: a copy would be crash-consistent only")
    if vm.provisioning_state.lower() != "succeeded":
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the VM's provisioning state is {vm.provisioning_state}")


def _disks(job: VmJob, vm: VmState, shape: VmShape) -> Iterator[Refusal]:
    target = job.target
    included = copied_disks(target, shape)
    kinds = {shape.security_type, *(disk.security_type for disk in included)}
    if confidential := sorted(kind for kind in kinds if kind and kind.lower().startswith("confidential")):
        message = f"its security type is {', '.join(confidential)}"
        yield Refusal.of(RefusalCode.CONFIDENTIAL_VM, message)
    if shape.os_disk is None and not vm.ephemeral_os_disk:
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, "the OS disk is not a managed disk")
    for disk in included:
        yield from _disk(disk)
    if any(disk.disk_encryption for disk in included) and not vm.disk_encryption:
        yield Refusal.of(RefusalCode.DISK_ENCRYPTION, "a disk of the VM is encrypted by Azure Disk Encryption")
    if shape.data_disks and target.data_disks == "refuse":
        yield Refusal.of(RefusalCode.DATA_DISKS, f"the VM has data disks: {len(shape.data_disks)}")


def _disk(disk: DiskFacts) -> Iterator[Refusal]:
    name = disk.id.rsplit("/", 1)[-1]
    if disk.sku.lower() in _NEVER_COPIED:
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, f"disk {name} is a {disk.sku} disk")
    if disk.max_shares > 1:
        message = f"disk {name} may be shared by {disk.max_shares} VMs"
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, message)


def _permissions_and_locks(job: VmJob, facts: VmFacts, *, deprovisioned: bool) -> Iterator[Refusal]:
    needed = needed_for_clone(job.target, deprovisioned=deprovisioned)["vm"]
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.PERMISSIONS_UNREADABLE, "the app's own permissions could not be read")
    else:
        yield from _granted(str(job.target.vm_id), facts.permissions, needed)
    if facts.run_commands is None:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_UNREADABLE, "the VM's Run Commands could not be read")
    else:
        yield from managed_by_another_app(job, facts.run_commands)


def _fit(job: VmJob, vm: VmState, shape: VmShape | None, place: Place) -> Iterator[Refusal]:
    group, target = place.group, job.target
    yield from group_not_allowed(job, group)
    if place.subnet_id.subscription_id != group.subscription_id:
        message = f"{place.subnet_id} is not in the subscription of {group}"
        yield Refusal.of(RefusalCode.SUBNET_REGION_MISMATCH, message)
    if target.mode is Mode.CLONE and place == place_of(job, vm.location, target.clone):
        if group.subscription_id != target.vm_id.subscription_id:
            message = f"{group} is not in the subscription of {target.vm_id}"
            yield Refusal.of(RefusalCode.GROUP_SUBSCRIPTION_MISMATCH, message)
        if shape is not None:
            yield from check_clone_encryption(job, copied_disks(target, shape), group)
    validation = _validation(target)
    if shape is not None and validation is not None and place == place_of(job, vm.location, validation):
        yield from check_validation_encryption(job, shape, group)


def _needed(job: VmJob, vm: VmState, group: Scope) -> dict[str, tuple[str, ...]]:
    """Return the actions needed in this group: for the clone and for the validation VM, if they will be in it."""
    target, validation = job.target, _validation(job.target)
    kinds: list[dict[str, tuple[str, ...]]] = []
    if target.mode is Mode.CLONE and _in_group(place_of(job, vm.location, target.clone), group):
        kinds.append(needed_for_clone(target, linux=vm.os_type is not OsType.WINDOWS))
    if validation is not None and _in_group(place_of(job, vm.location, validation), group):
        kinds.append(needed_for_validation())
    scopes = ("group", "subnet")
    return {scope: tuple(dict.fromkeys(action for kind in kinds for action in kind[scope])) for scope in scopes}


def _group(group: Scope, facts: NetworkFacts, needed: Iterable[str]) -> Iterator[Refusal]:
    if facts.group_permissions is None:
        yield Refusal.of(RefusalCode.NETWORK_UNREADABLE, f"the app's own permissions on {group} could not be read")
    else:
        yield from _granted(str(group), facts.group_permissions, needed)
    if facts.group_locks is None:
        yield Refusal.of(RefusalCode.NETWORK_UNREADABLE, f"the locks on {group} could not be read")
    for lock in facts.group_locks or ():
        # CanNotDelete is refused too: the temporary resources in the group could not be deleted.
        message = f"lock {lock.name} ({lock.level}) on {lock.scope}"
        yield Refusal(code=RefusalCode.RESOURCE_LOCKED, message=message, remediation=_FREE_THE_GROUP)


def _subnet(vm: VmState, subnet_id: SubnetId, facts: NetworkFacts, needed: Iterable[str]) -> Iterator[Refusal]:
    if facts.vnet_location is None:
        yield Refusal.of(
            RefusalCode.NETWORK_UNREADABLE, f"{subnet_id} does not exist, or its virtual network could not be read"
        )
    elif region_key(facts.vnet_location) != region_key(vm.location):
        message = f"{subnet_id} is in {facts.vnet_location}, the VM in {vm.location}"
        yield Refusal.of(RefusalCode.SUBNET_REGION_MISMATCH, message)
    if facts.subnet_permissions is None:
        yield Refusal.of(RefusalCode.NETWORK_UNREADABLE, f"the app's own permissions on {subnet_id} could not be read")
    else:
        yield from _granted(str(subnet_id), facts.subnet_permissions, needed)


def _granted(scope: str, permissions: Iterable[Permission], needed: Iterable[str]) -> Iterator[Refusal]:
    if missing := missing_actions(permissions, needed):
        message = f"not granted on {scope}: {', '.join(missing)}"
        yield Refusal(code=RefusalCode.ACTION_NOT_GRANTED, message=message, remediation=_GRANT_THERE)


def _validation(target: Target) -> ImageValidation | None:
    return target.image.validation if isinstance(target.image, GalleryImageVersion) else None


def _in_group(place: Place | Refusal, group: Scope) -> bool:
    return isinstance(place, Place) and place.group == group
