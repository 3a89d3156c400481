"""The requests by which a run creates its resources: preflight shows them to policies, and later Azure gets them."""

from datetime import datetime
from typing import Any

from contracts.activities.image import CreateManagedImage
from contracts.activities.resources import (
    VALIDATION_USER,
    CreateDisk,
    CreateNetworkInterface,
    CreateSecurityGroup,
    CreateSnapshot,
    CreateVm,
    DataDisk,
)
from contracts.capacity import Candidate
from contracts.facts import DiskFacts, VmShape, VmState
from contracts.ids import Scope
from contracts.image_options import CloneOptions, ImageValidation, ManagedImage, Site
from contracts.request import Mode
from contracts.resources import Kind, Purpose, Resource, resource_id, resource_name, run_digest
from contracts.tags import KEEP_TAG
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.vm_run import VmRun
from policy.places import Place


def resource_of(
    run: VmRun, group: Scope, kind: Kind, part: str, purpose: Purpose, *, implied: bool = False
) -> Resource:
    """Return a resource of this run; its name is the same every time."""
    name = resource_name(run.job.run_id, part)
    return Resource(kind=kind, id=resource_id(group, kind, name), purpose=purpose, implied=implied)


def common_fields(run: VmRun, resource: Resource, location: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the fields that every request to create a resource has in common; `tags` are added to the job's."""
    return {
        "resource": resource,
        "run_id": run.job.run_id,
        "app_name": run.settings.app_name,
        "location": location,
        "tags": {**run.job.tags, **(tags or {})},
    }


def copied_disks(run: VmRun, shape: VmShape) -> tuple[DiskFacts, ...]:
    """Return the source's disks that a clone gets copies of, the OS disk first."""
    wanted = (shape.os_disk, *(shape.data_disks if run.job.target.data_disks == "include" else ()))
    return tuple(disk for disk in wanted if disk is not None)


def clone_snapshot(run: VmRun, group: Scope, disk: DiskFacts) -> CreateSnapshot:
    """Request a snapshot of a source disk."""
    resource = resource_of(run, group, Kind.SNAPSHOT, f"{_part(disk)}-snapshot", Purpose.CLONE)
    fields = common_fields(run, resource, disk.location)
    return CreateSnapshot(**fields, vm_id=run.job.target.vm_id, source_disk_id=disk.id)


def rollback_snapshot(run: VmRun, vm: VmState, group: Scope, keep_until: datetime) -> CreateSnapshot:
    """Request the rollback snapshot of a VM in place."""
    resource = resource_of(run, group, Kind.SNAPSHOT, "rollback-snapshot", Purpose.ROLLBACK)
    fields = common_fields(run, resource, vm.location, {KEEP_TAG: keep_until.isoformat(timespec="seconds")})
    return CreateSnapshot(**fields, vm_id=vm.vm_id, source_disk_id=vm.os_disk_id)


def clone_disk(run: VmRun, group: Scope, zone: str | None, disk: DiskFacts) -> CreateDisk:
    """Request a disk of the clone, from the snapshot of the source's; `zone` if the clone will be in one."""
    resource = resource_of(run, group, Kind.DISK, f"{_part(disk)}-disk", Purpose.CLONE)
    fields = common_fields(run, resource, disk.location)
    return CreateDisk(**fields, snapshot_id=clone_snapshot(run, group, disk).resource.id, like=disk, zone=zone)


def security_group(run: VmRun, place: Place, site: Site, purpose: Purpose, location: str) -> CreateSecurityGroup:
    """Request the security group of a temporary VM: it denies all traffic but to the requested service tags."""
    resource = resource_of(run, place.group, Kind.SECURITY_GROUP, f"{_before(purpose)}nsg", purpose)
    return CreateSecurityGroup(**common_fields(run, resource, location), service_tags=site.service_tags)


def network_interface(run: VmRun, place: Place, site: Site, purpose: Purpose, location: str) -> CreateNetworkInterface:
    """Request the network interface of a temporary VM."""
    resource = resource_of(run, place.group, Kind.NETWORK_INTERFACE, f"{_before(purpose)}nic", purpose)
    rules = security_group(run, place, site, purpose, location).resource
    fields = common_fields(run, resource, location)
    return CreateNetworkInterface(**fields, subnet_id=place.subnet_id, security_group_id=rules.id)


def clone_vm(run: VmRun, plan: Plan, way: Candidate) -> CreateVm:
    """Request the clone, in this size and zone."""
    shape, place, site = plan.shape, plan.clone_place, run.job.target.clone or CloneOptions()
    assert shape is not None
    assert place is not None
    assert plan.source.os_type is not None
    disks = [(disk, clone_disk(run, place.group, way.zone, disk).resource) for disk in copied_disks(run, shape)]
    # Deprovisioning requires the opt-in tag of the VM's owner: the clone is owned by this app.
    opt_in = {run.settings.opt_in_tag: run.settings.opt_in_value}
    resource = resource_of(run, place.group, Kind.VM, "clone", Purpose.CLONE)
    return CreateVm(
        **common_fields(run, resource, shape.location, opt_in),
        shape=shape,
        os_type=plan.source.os_type,
        vm_size=way.size,
        zone=way.zone,
        network_interface_id=network_interface(run, place, site, Purpose.CLONE, shape.location).resource.id,
        os_disk_id=disks[0][1].id,
        data_disks=tuple(
            DataDisk(id=copy.id, lun=disk.lun, caching=disk.caching) for disk, copy in disks if disk.lun is not None
        ),
    )


def validation_host(run: VmRun, plan: Plan) -> str | None:
    """Return the host name of the validation VM; None for a specialized image, which keeps the source's."""
    return None if plan.specialized else f"gold{run_digest(run.job.run_id)[:10]}"


def validation_vm(run: VmRun, plan: Plan, options: ImageValidation, image_id: str, way: Candidate) -> CreateVm:
    """Request the VM that validates an image, in this size and zone."""
    shape, place = plan.shape, plan.validation_place
    assert shape is not None
    assert place is not None
    assert plan.source.os_type is not None
    luns = image_luns(run, shape)
    os_disk, *data_disks = validation_disks(run, place, luns)
    resource = resource_of(run, place.group, Kind.VM, "validate", Purpose.VALIDATE)
    return CreateVm(
        **common_fields(run, resource, shape.location),
        shape=shape,
        os_type=plan.source.os_type,
        vm_size=way.size,
        zone=way.zone,
        network_interface_id=network_interface(run, place, options, Purpose.VALIDATE, shape.location).resource.id,
        image_id=image_id,
        os_disk_name=os_disk.name,
        data_disks=tuple(DataDisk(id=disk.id, lun=lun) for disk, lun in zip(data_disks, luns, strict=True)),
        computer_name=validation_host(run, plan),
        admin_user=VALIDATION_USER,
    )


def validation_disks(run: VmRun, place: Place, luns: tuple[int, ...]) -> tuple[Resource, ...]:
    """Return the disks that Azure creates with the validation VM, the OS disk first."""
    return tuple(
        resource_of(run, place.group, Kind.DISK, f"validate-{part}-disk", Purpose.VALIDATE, implied=True)
        for part in ("os", *(f"data-{lun}" for lun in luns))
    )


def image_luns(run: VmRun, shape: VmShape) -> tuple[int, ...]:
    """Return the LUNs of the data disks in the image: of a clone those requested, of a VM in place all."""
    if run.job.target.mode is Mode.CLONE and run.job.target.data_disks != "include":
        return ()
    return tuple(disk.lun for disk in shape.data_disks if disk.lun is not None)


def managed_image(
    run: VmRun, vm_id: str, options: ManagedImage, tags: dict[str, str], shape: VmShape
) -> CreateManagedImage:
    """Request a managed image of a VM."""
    resource = Resource(kind=Kind.MANAGED_IMAGE, id=str(options.image_id), purpose=Purpose.IMAGE)
    fields = common_fields(run, resource, shape.location, tags)
    zone_resilient = options.zone_resilient
    return CreateManagedImage(**fields, source_vm_id=vm_id, generation=shape.generation, zone_resilient=zone_resilient)


def _part(disk: DiskFacts) -> str:
    return "os" if disk.lun is None else f"data-{disk.lun}"


def _before(purpose: Purpose) -> str:
    return "" if purpose is Purpose.CLONE else f"{purpose}-"
