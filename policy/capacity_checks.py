"""The preflight checks of capacity: can the temporary VMs of a run be created in their region, and in which size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from contracts.capacity import ALL_CORES, ALL_VMS, Candidate, CapacityFacts, SizeFacts
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import DiskFacts, VmShape

_TRUSTED = "trustedlaunch"
_ARM64 = "arm64"
_PREMIUM = "premium"


@dataclass(frozen=True)
class WantedVm:
    """One temporary VM that a run will create: what for, in which sizes, and how it is built.

    `disks` are attached to it; a VM from an image has none yet. `without_zone`: it may be created outside of its zone.
    """

    purpose: str
    sizes: tuple[str, ...]
    shape: VmShape
    disks: tuple[DiskFacts, ...] = ()
    without_zone: bool = False


@dataclass
class _Room:
    """What is left of the region's quotas for the run's next VM."""

    facts: CapacityFacts
    taken: dict[str, int] = field(default_factory=dict[str, int])

    def lacks(self, size: SizeFacts) -> Iterator[str]:
        for name, wanted in _uses(size):
            quota = self.facts.quota(name)
            if quota is not None and quota.left - self.taken.get(name, 0) < wanted:
                yield f"quota {quota.name} of the region: {quota.used} of {quota.limit} used, {wanted} more needed"

    def take(self, size: SizeFacts) -> None:
        for name, wanted in _uses(size):
            self.taken[name] = self.taken.get(name, 0) + wanted


def check_capacity(
    wanted: Iterable[WantedVm], facts: CapacityFacts, region: str
) -> tuple[tuple[Refusal, ...], tuple[tuple[Candidate, ...], ...]]:
    """Return the reasons to refuse, and for each wanted VM the ways to create it, the first choice first.

    VMs of one run exist at the same time, so each takes its share of the quotas. One that can be created in none of its
    sizes is a refusal for each size.
    """
    refusals: list[Refusal] = []
    found: list[tuple[Candidate, ...]] = []
    room = _Room(facts)
    for vm in wanted:
        if facts.sizes is None or facts.quotas is None:
            what = "the VM sizes" if facts.sizes is None else "the quotas"
            refusals.append(Refusal.of(RefusalCode.CAPACITY_UNREADABLE, f"{what} of {region} could not be read"))
            found.append(())
            continue
        candidates, reasons = _candidates(vm, facts, room, region)
        refusals += [] if candidates else reasons
        found.append(candidates)
        if candidates and (first := facts.size(candidates[0].size)) is not None:
            room.take(first)
    return tuple(dict.fromkeys(refusals)), tuple(found)


def check_architecture(size: str, facts: CapacityFacts, disk: DiskFacts | None, *, allowed: bool) -> Iterator[Refusal]:
    """Refuse a VM on Arm64 unless the request tries it (`allowed`): managed Run Command is documented for x64 only.

    The architecture is the size's; of a size that the region does not list (any more), or where sizes cannot be read,
    that of the OS disk or, by Microsoft's naming convention, the letter p after the number of cores.
    """
    known = facts.size(size)
    architecture = known.architecture if known else (disk.architecture if disk and disk.architecture else _named(size))
    if architecture.lower() == _ARM64 and not allowed:
        yield Refusal.of(RefusalCode.ARCHITECTURE_NOT_SUPPORTED, f"{size} is an Arm64 size")


def _candidates(
    vm: WantedVm, facts: CapacityFacts, room: _Room, region: str
) -> tuple[tuple[Candidate, ...], list[Refusal]]:
    """Return the ways to create a VM: every size in its zone first, then outside of it."""
    reasons: list[Refusal] = []
    zonal: list[Candidate] = []
    regional: list[Candidate] = []
    zone = next(iter(vm.shape.zones), None)
    for name in vm.sizes:
        size = facts.size(name)
        why = [*_why_not(vm, name, size, room, region)]
        reasons += why
        if why or size is None:
            continue
        if zone is None or vm.without_zone:
            regional.append(Candidate(size=size.name))
        if zone is not None and zone in size.zones:
            zonal.append(Candidate(size=size.name, zone=zone))
        elif zone is not None:
            offered = ", ".join(size.zones) or "none"
            reasons.append(
                _no_capacity(vm, f"{name} is not offered in zone {zone} of {region} (offered in: {offered})")
            )
    return (*zonal, *regional), reasons


def _why_not(vm: WantedVm, name: str, size: SizeFacts | None, room: _Room, region: str) -> Iterator[Refusal]:
    if size is None:
        yield _no_capacity(vm, f"{region} has no size {name}")
    elif size.restricted is not None:
        yield _no_capacity(vm, f"{name} is not offered to this subscription in {region} ({size.restricted})")
    else:
        for lack in room.lacks(size):
            yield _no_capacity(vm, f"{name}: {lack}")
        for misfit in _misfits(vm, size):
            yield Refusal.of(RefusalCode.SIZE_UNFIT, f"the {vm.purpose} VM cannot be a {name}: {misfit}")


def _misfits(vm: WantedVm, size: SizeFacts) -> Iterator[str]:
    shape, os_disk = vm.shape, vm.shape.os_disk
    architecture = os_disk.architecture if os_disk is not None else None
    if architecture is not None and architecture.lower() != size.architecture.lower():
        yield f"the disk is for {architecture}, the size for {size.architecture}"
    if shape.generation.upper() not in size.generations:
        yield f"it boots generation {', '.join(size.generations)}, the VM is of generation {shape.generation}"
    controller = shape.disk_controller or "SCSI"
    if controller.lower() not in {each.lower() for each in size.controllers}:
        yield f"its disk controllers are {', '.join(size.controllers)}, the VM's is {controller}"
    if (shape.security_type or "").lower() == _TRUSTED and not size.trusted_launch:
        yield "it does not support trusted launch"
    if shape.encryption_at_host and not size.encryption_at_host:
        yield "it does not support encryption at host"
    if not size.premium_disks and any(disk.sku.lower().startswith(_PREMIUM) for disk in vm.disks):
        yield "it does not support premium disks"
    data_disks = sum(disk.lun is not None for disk in vm.disks)
    if size.most_data_disks is not None and data_disks > size.most_data_disks:
        yield f"it takes {size.most_data_disks} data disks, the VM has {data_disks}"


def _no_capacity(vm: WantedVm, why: str) -> Refusal:
    return Refusal.of(RefusalCode.CAPACITY_UNAVAILABLE, f"no capacity for the {vm.purpose} VM: {why}")


def _uses(size: SizeFacts) -> tuple[tuple[str, int], ...]:
    return (ALL_CORES, size.cores), (size.family, size.cores), (ALL_VMS, 1)


def _named(size: str) -> str:
    """Return the architecture in a size's name: Standard_D2ps_v5 has the feature p, Arm64."""
    features = size.partition("_")[2].partition("_")[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").lstrip("0123456789-")
    return "Arm64" if "p" in features else "x64"
