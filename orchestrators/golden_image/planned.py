"""What a run will create, for the question to policies: one of each type in each resource group."""

from datetime import timedelta

from contracts.activities.governance import InspectPolicies, NewRunCommand
from contracts.activities.image import CreateImageVersion
from contracts.activities.resources import CreateDisk
from contracts.capacity import Candidate
from contracts.facts import VmShape
from contracts.ids import VmId
from contracts.image_options import CloneOptions, GalleryImageVersion, TargetRegion, region_key
from contracts.request import Mode
from contracts.resource_ids import ImageVersionId
from contracts.resources import Kind, Purpose, Resource, resource_id, resource_name
from contracts.run_commands import DEPROVISION, VALIDATE, run_command_name
from orchestrators.golden_image.create_image import publish_job
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.provenance import provenance
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import (
    clone_disk,
    clone_snapshot,
    clone_vm,
    common_fields,
    image_luns,
    managed_image,
    network_interface,
    rollback_snapshot,
    security_group,
    validation_disks,
    validation_vm,
)
from orchestrators.publish_image.create_version import version_request
from policy.image_versions import explicit
from policy.places import Place

_ANY_VERSION = "1.0.0"
"""The version that is asked about, if its number is chosen later."""


def planned(run: VmRun, plan: Plan) -> InspectPolicies:
    """Return what the run will create, as far as it is known; nothing if nothing is left to create."""
    if run.job.target.mode is Mode.CLONE:
        found = _clone(run, plan)
    elif plan.already_generalized or plan.earlier:
        found = InspectPolicies()
    else:
        found = _in_place(run, plan)
    found = _with_image(run, plan, _with_validation(run, plan, found))
    os_disk = plan.shape.os_disk if plan.shape is not None else None
    known = found.snapshots and os_disk is not None
    return found.model_copy(update={"disks": (os_disk,)}) if known else found


def _in_place(run: VmRun, plan: Plan) -> InspectPolicies:
    vm = plan.source
    keep_until = run.now + timedelta(days=run.settings.rollback_snapshot_days)
    group = plan.rollback_group if vm.os_disk_id else None
    return InspectPolicies(
        run_commands=(_run_command(run, vm.vm_id, DEPROVISION, vm.location),),
        snapshots=(rollback_snapshot(run, vm, group, keep_until),) if group is not None else (),
    )


def _clone(run: VmRun, plan: Plan) -> InspectPolicies:
    shape, place, site = plan.shape, plan.clone_place, run.job.target.clone or CloneOptions()
    # What is missing was refused: the rest cannot be known.
    if shape is None or shape.os_disk is None or place is None or not plan.source.os_type:
        return InspectPolicies()
    way = _first(plan.clone_ways, shape)
    vm = clone_vm(run, plan, way)
    commands = not plan.specialized or run.job.target.customize
    return InspectPolicies(
        snapshots=(clone_snapshot(run, place.group, shape.os_disk),),
        create_disks=(clone_disk(run, place.group, way.zone, shape.os_disk),),
        security_groups=(security_group(run, place, site, Purpose.CLONE, shape.location),),
        network_interfaces=(network_interface(run, place, site, Purpose.CLONE, shape.location),),
        vms=(vm,),
        run_commands=(_run_command(run, VmId.parse(vm.resource.id), DEPROVISION, shape.location),) if commands else (),
    )


def _with_validation(run: VmRun, plan: Plan, found: InspectPolicies) -> InspectPolicies:
    """Add the validation VM, and what comes with it unless it is asked about in the same resource group already."""
    image, shape, place = run.job.target.image, plan.shape, plan.validation_place
    options = image.validation if isinstance(image, GalleryImageVersion) else None
    if options is None or shape is None or place is None or not plan.source.os_type:
        return found
    assert isinstance(image, GalleryImageVersion)
    vm = validation_vm(run, plan, options, str(image.image_definition_id), _first(plan.validation_ways, shape))
    more: dict[str, object] = {"vms": (*found.vms, vm)}
    if plan.clone_place is None or plan.clone_place.group != place.group:
        rules = security_group(run, place, options, Purpose.VALIDATE, shape.location)
        interface = network_interface(run, place, options, Purpose.VALIDATE, shape.location)
        more["security_groups"] = (*found.security_groups, rules)
        more["network_interfaces"] = (*found.network_interfaces, interface)
        more["create_disks"] = (*found.create_disks, *_adopted(run, plan, place, vm.image_id or ""))
    if not any(place.group.contains(command.vm_id) for command in found.run_commands):
        command = _run_command(run, VmId.parse(vm.resource.id), VALIDATE, shape.location)
        more["run_commands"] = (*found.run_commands, command)
    return found.model_copy(update=more)


def _first(ways: tuple[Candidate, ...], shape: VmShape) -> Candidate:
    """Return the first choice; where there is none, which was refused, that of the source VM."""
    return ways[0] if ways else Candidate(size=shape.vm_size, zone=next(iter(shape.zones), None))


def _adopted(run: VmRun, plan: Plan, place: Place, image_id: str) -> tuple[CreateDisk, ...]:
    """Return the OS disk of the validation VM, which Azure creates and the run tags."""
    assert plan.shape is not None
    if plan.shape.os_disk is None:
        return ()
    resource = validation_disks(run, place, image_luns(run, plan.shape))[0]
    fields = common_fields(run, resource, plan.shape.location)
    return (CreateDisk(**fields, snapshot_id=image_id, like=plan.shape.os_disk),)


def _with_image(run: VmRun, plan: Plan, found: InspectPolicies) -> InspectPolicies:
    options, shape = run.job.target.image, plan.shape
    if options is None or shape is None:
        return found
    source = str(run.job.target.vm_id)
    if run.job.target.mode is Mode.CLONE:
        assert plan.clone_place is not None
        source = resource_id(plan.clone_place.group, Kind.VM, resource_name(run.job.run_id, "clone"))
    tags = provenance(run, plan, plan.source, None)
    if isinstance(options, GalleryImageVersion):
        return found.model_copy(update={"versions": (_version(run, plan, source, options, tags),)})
    return found.model_copy(update={"images": (managed_image(run, source, options, tags, shape),)})


def _version(
    run: VmRun, plan: Plan, source_vm_id: str, options: GalleryImageVersion, tags: dict[str, str]
) -> CreateImageVersion:
    job = publish_job(run, plan, source_vm_id, options, tags)
    number = options.version if explicit(options.version) else _ANY_VERSION
    version = ImageVersionId.of(options.image_definition_id, number)
    resource = Resource(kind=Kind.IMAGE_VERSION, id=str(version), purpose=Purpose.IMAGE)
    return version_request(job, resource, (TargetRegion(name=region_key(job.location)),))


def _run_command(run: VmRun, vm_id: VmId, part: str, location: str) -> NewRunCommand:
    return NewRunCommand(
        vm_id=vm_id,
        name=run_command_name(run.job.run_id, part),
        location=location,
        tags=run.job.tags,
        run_id=run.job.run_id,
        app_name=run.settings.app_name,
    )
