"""The verdict on a clone: every reason not to copy this machine, or not to stand a machine in that place."""

from collections.abc import Iterable, Iterator

from contracts.facts import (
    DiskFacts,
    MachineFacts,
    MachineShape,
    MachineState,
    OsType,
    Permission,
    PowerState,
    SiteFacts,
)
from contracts.ids import Scope, subscription_of
from contracts.reasons import Refusal, RefusalCode
from contracts.request import Mode, Target
from contracts.resource_ids import SubnetId
from contracts.run import MachineJob
from contracts.wishes import GalleryImageVersion, Site, region_key
from policy.rights import missing_actions, needed_for_clone, needed_for_verification
from policy.verdict import another_apps_run, credential_in_vain, linux_guest, what_it_is, windows_build

_STABLE = frozenset({PowerState.RUNNING, PowerState.STOPPED, PowerState.DEALLOCATED})
_NEVER_COPIED = frozenset({"ultrassd_lrs", "premiumv2_lrs"})
_FREE_THE_GROUP = (
    "Remove the lock from the resource group, or name another group: what a run makes there for a time, it must also "
    "be able to delete."
)
_NEAR_THE_KEY = (
    "Name with clone.resourceGroupId a group in the encryption set's subscription: Azure wants its disks there."
)
_GRANT_THERE = "Grant the missing actions to the app's identity at the scope that the message names."


def judge_clone(
    job: MachineJob, facts: MachineFacts, shape: MachineShape, *, sealed: bool = True
) -> tuple[Refusal, ...]:
    """Judge the source of a clone, which is read and never written: no opt-in is asked for, and its locks may stay.

    A clone that is not `sealed` (for a specialized image) runs no Sysprep, so its Windows build does not matter.
    """
    machine = facts.machine
    refusals = [*what_it_is(machine), *_state(job.target, machine), *_disks(job, machine, shape)]
    refusals += credential_in_vain(job.target, machine)
    if sealed and machine.os_type is OsType.WINDOWS and machine.power_state is PowerState.RUNNING:
        refusals += windows_build(job.target, machine)
    return (*refusals, *_surroundings(job, facts, sealed=sealed))


def judge_ready_clone(job: MachineJob, machine: MachineState, *, sealed: bool = True) -> tuple[Refusal, ...]:
    """Judge a clone that runs by what its source, stopped, could not tell: the Windows build, the Linux agent."""
    if machine.os_type is OsType.WINDOWS:
        return tuple(windows_build(job.target, machine)) if sealed else ()
    return tuple(linux_guest(job, machine))


def site_of(job: MachineJob, wish: Site | None) -> tuple[Scope, SubnetId | None]:
    """Give the resource group and subnet of a temporary machine: the wished ones, else the source's and the app's."""
    vm_id = job.target.vm_id
    own = Scope(vm_id.subscription_id, vm_id.resource_group.lower())
    group = wish.resource_group_id if wish is not None else None
    subnet_id = wish.subnet_id if wish is not None else None
    return group or own, subnet_id or job.settings.subnet_id


def judge_site(
    job: MachineJob, machine: MachineState, group: Scope, subnet_id: SubnetId | None, facts: SiteFacts
) -> tuple[Refusal, ...]:
    """Judge a place where temporary machines of this request would stand, `machine` being the source."""
    return tuple(_site(job, machine, group, subnet_id, facts))


def _state(target: Target, machine: MachineState) -> Iterator[Refusal]:
    state = machine.power_state
    if machine.generalized:
        yield Refusal.of(RefusalCode.SOURCE_GENERALIZED, f"the machine is marked generalized and is {state}")
    if state not in _STABLE:
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the machine's power state is {state}")
    elif state is PowerState.RUNNING and not (target.clone and target.clone.allow_running_source):
        yield Refusal.of(RefusalCode.SOURCE_RUNNING, "the machine is running: a copy would be crash-consistent only")
    if machine.provisioning_state.lower() != "succeeded":
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the machine's provisioning state is {machine.provisioning_state}")


def _disks(job: MachineJob, machine: MachineState, shape: MachineShape) -> Iterator[Refusal]:
    target = job.target
    group = site_of(job, target.clone)[0]
    copied = (shape.os_disk, *(shape.data_disks if target.data_disks == "include" else ()))
    included = [disk for disk in copied if disk is not None]
    kinds = {shape.security_type, *(disk.security_type for disk in included)}
    if confidential := sorted(kind for kind in kinds if kind and kind.lower().startswith("confidential")):
        message = f"its security type is {', '.join(confidential)}"
        yield Refusal.of(RefusalCode.CONFIDENTIAL_MACHINE, message)
    if shape.os_disk is None and not machine.ephemeral_os_disk:
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, "the OS disk is no managed disk")
    for disk in included:
        yield from _disk(disk, group)
    if any(disk.disk_encryption for disk in included) and not machine.disk_encryption:
        yield Refusal.of(RefusalCode.DISK_ENCRYPTION, "a disk of the machine is encrypted by Azure Disk Encryption")
    if shape.data_disks and target.data_disks == "refuse":
        yield Refusal.of(RefusalCode.DATA_DISKS, f"the machine has data disks: {len(shape.data_disks)}")


def _disk(disk: DiskFacts, group: Scope) -> Iterator[Refusal]:
    name = disk.id.rsplit("/", 1)[-1]
    if disk.sku.lower() in _NEVER_COPIED:
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, f"disk {name} is of the kind {disk.sku}")
    if disk.max_shares > 1:
        message = f"disk {name} may be shared by {disk.max_shares} machines"
        yield Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, message)
    set_id = disk.disk_encryption_set_id
    if set_id is not None and subscription_of(set_id) != group.subscription_id:
        message = f"disk {name} is under {set_id}, which lies in another subscription than {group}"
        yield Refusal(code=RefusalCode.DISK_CANNOT_BE_COPIED, message=message, what_to_change=_NEAR_THE_KEY)


def _surroundings(job: MachineJob, facts: MachineFacts, *, sealed: bool) -> Iterator[Refusal]:
    needed = needed_for_clone(job.target, sealed=sealed)["machine"]
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.PERMISSIONS_UNREADABLE, "the app's own permissions could not be read")
    else:
        yield from _granted(str(job.target.vm_id), facts.permissions, needed)
    if facts.run_commands is None:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_UNREADABLE, "the machine's Run Commands could not be read")
    else:
        yield from another_apps_run(job, facts.run_commands)


def _site(
    job: MachineJob, machine: MachineState, group: Scope, subnet_id: SubnetId | None, facts: SiteFacts
) -> Iterator[Refusal]:
    allowed = job.settings.allowed_scopes
    if not any(_holds(scope, group) for scope in allowed):
        names = ", ".join(str(scope) for scope in allowed) or "none"
        yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{group} lies in no allowed scope (allowed: {names})")
    if subnet_id is None:
        # Nothing else is read about a place without a subnet.
        yield Refusal.of(RefusalCode.SUBNET_MISSING, "neither the request nor the app's settings name a subnet")
        return
    needed = _needed(job, machine, group)
    yield from _group(group, facts, needed["group"])
    yield from _subnet(machine, group, subnet_id, facts, needed["subnet"])


def _needed(job: MachineJob, machine: MachineState, group: Scope) -> dict[str, tuple[str, ...]]:
    """What is needed in this group: for the clone if it stands there, for the verification if that does."""
    target = job.target
    kinds: list[dict[str, tuple[str, ...]]] = []
    if target.mode is Mode.CLONE and _holds(group, site_of(job, target.clone)[0]):
        kinds.append(needed_for_clone(target, linux=machine.os_type is not OsType.WINDOWS))
    verification = target.image.verify if isinstance(target.image, GalleryImageVersion) else None
    if verification is not None and _holds(group, site_of(job, verification)[0]):
        kinds.append(needed_for_verification())
    scopes = ("group", "subnet")
    return {scope: tuple(dict.fromkeys(action for kind in kinds for action in kind[scope])) for scope in scopes}


def _group(group: Scope, facts: SiteFacts, needed: Iterable[str]) -> Iterator[Refusal]:
    if facts.group_permissions is None:
        yield Refusal.of(RefusalCode.SITE_UNREADABLE, f"the app's own permissions on {group} could not be read")
    else:
        yield from _granted(str(group), facts.group_permissions, needed)
    if facts.group_locks is None:
        yield Refusal.of(RefusalCode.SITE_UNREADABLE, f"the locks on {group} could not be read")
    for lock in facts.group_locks or ():
        # Not even CanNotDelete may stay: what is made here for a time could not be deleted.
        message = f"lock {lock.name} ({lock.level}) on {lock.scope}"
        yield Refusal(code=RefusalCode.LOCK_IN_THE_WAY, message=message, what_to_change=_FREE_THE_GROUP)


def _subnet(
    machine: MachineState, group: Scope, subnet_id: SubnetId, facts: SiteFacts, needed: Iterable[str]
) -> Iterator[Refusal]:
    if subnet_id.subscription_id != group.subscription_id:
        message = f"{subnet_id} lies in another subscription than {group}"
        yield Refusal.of(RefusalCode.SUBNET_ELSEWHERE, message)
    if facts.vnet_location is None:
        yield Refusal.of(RefusalCode.SITE_UNREADABLE, f"{subnet_id} is not there, or its network could not be read")
    elif region_key(facts.vnet_location) != region_key(machine.location):
        message = f"{subnet_id} lies in {facts.vnet_location}, the machine in {machine.location}"
        yield Refusal.of(RefusalCode.SUBNET_ELSEWHERE, message)
    if facts.subnet_permissions is None:
        yield Refusal.of(RefusalCode.SITE_UNREADABLE, f"the app's own permissions on {subnet_id} could not be read")
    else:
        yield from _granted(str(subnet_id), facts.subnet_permissions, needed)


def _granted(scope: str, permissions: Iterable[Permission], needed: Iterable[str]) -> Iterator[Refusal]:
    if missing := missing_actions(permissions, needed):
        message = f"not granted on {scope}: {', '.join(missing)}"
        yield Refusal(code=RefusalCode.ACTION_NOT_GRANTED, message=message, what_to_change=_GRANT_THERE)


def _holds(scope: Scope, group: Scope) -> bool:
    """Whether a group lies in a scope; the names of groups have no case."""
    if scope.subscription_id != group.subscription_id:
        return False
    return scope.resource_group is None or scope.resource_group.lower() == (group.resource_group or "").lower()
