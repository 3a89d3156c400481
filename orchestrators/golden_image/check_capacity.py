"""Reads and checks whether the temporary VMs of a run can be created, and on which architecture its VM runs."""

from dataclasses import replace

from contracts.activities.resources import InspectCapacity
from contracts.capacity import Candidate, CapacityFacts
from contracts.catalog import INSPECT_CAPACITY
from contracts.facts import DiskFacts, VmShape
from contracts.image_options import GalleryImageVersion, Site
from contracts.request import Mode, Target
from contracts.resources import Purpose
from orchestrators.golden_image.inspection import Inspection
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.wanted import copied_disks
from orchestrators.run_activity import Orchestration
from policy.capacity_checks import WantedVm, check_architecture, check_capacity
from policy.places import Place


def check_room(inspection: Inspection, plan: Plan) -> Orchestration[Plan]:
    """Return the plan with the ways to create each temporary VM; a run that cannot create one is refused."""
    target = inspection.run.job.target
    subscription, own = target.vm_id.subscription_id, plan.source.vm_size
    wanted = _wanted(inspection, plan)
    places = dict.fromkeys([place.group.subscription_id for place, _ in wanted.values()])
    ways: dict[Purpose, tuple[Candidate, ...]] = {}
    here: CapacityFacts | None = None
    for there in places:
        vms = {purpose: vm for purpose, (place, vm) in wanted.items() if place.group.subscription_id == there}
        sizes = [name for vm in vms.values() for name in vm.sizes]
        facts = yield from _read(inspection, plan, there, [*sizes, own] if there == subscription else sizes)
        here = facts if there == subscription else here
        refusals, found = check_capacity(vms.values(), facts, plan.source.location)
        inspection.refuse(*refusals)
        ways |= zip(vms, found, strict=True)
    if _runs_commands(target, plan):
        here = here or (yield from _read(inspection, plan, subscription, [own], quotas=False))
        disk = plan.shape.os_disk if plan.shape else None
        inspection.refuse(*check_architecture(own, here, disk, allowed=target.deprovision.allow_arm64))
    return replace(plan, clone_ways=ways.get(Purpose.CLONE, ()), validation_ways=ways.get(Purpose.VALIDATE, ()))


def _runs_commands(target: Target, plan: Plan) -> bool:
    """Return whether a Run Command will run on the VM, its clone or a VM created from the image."""
    deprovisions = not (plan.already_generalized or plan.specialized)
    return deprovisions or bool(target.customize) or plan.validation_place is not None


def _read(
    inspection: Inspection, plan: Plan, subscription: str, sizes: list[str], *, quotas: bool = True
) -> Orchestration[CapacityFacts]:
    request = InspectCapacity(
        subscription_id=subscription,
        region=plan.source.location,
        sizes=tuple(dict.fromkeys(sizes)),
        quotas=quotas,
    )
    return (yield from ask(inspection.run, INSPECT_CAPACITY, request, inspection.until)).facts


def _wanted(inspection: Inspection, plan: Plan) -> dict[Purpose, tuple[Place, WantedVm]]:
    """Return the temporary VMs of the run with their places; without a shape or a place nothing more is known."""
    target, shape = inspection.run.job.target, plan.shape
    if shape is None:
        return {}
    wanted: dict[Purpose, tuple[Place, WantedVm]] = {}
    if target.mode is Mode.CLONE and plan.clone_place is not None:
        disks = copied_disks(inspection.run, shape)
        wanted[Purpose.CLONE] = (plan.clone_place, _vm(Purpose.CLONE, target.clone, shape, disks))
    image = target.image
    validation = image.validation if isinstance(image, GalleryImageVersion) else None
    if validation is not None and plan.validation_place is not None:
        wanted[Purpose.VALIDATE] = (plan.validation_place, _vm(Purpose.VALIDATE, validation, shape))
    return wanted


def _vm(purpose: Purpose, site: Site | None, shape: VmShape, disks: tuple[DiskFacts, ...] = ()) -> WantedVm:
    site = site or Site()
    return WantedVm(purpose, site.vm_sizes or (shape.vm_size,), shape, disks, site.allow_without_zone)
