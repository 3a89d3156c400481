"""Creates a clone of the source VM, isolated from every network; nothing is written to the source."""

from contracts.activities.resources import CreateDisk, CreateSnapshot, CreateVm, DataDisk
from contracts.catalog import CREATE_DISK, CREATE_SNAPSHOT, CREATE_VM
from contracts.error_codes import FailureCode
from contracts.facts import DiskFacts, VmShape, VmState
from contracts.ids import Scope, VmId
from contracts.image_options import CloneOptions
from contracts.resources import Kind, Purpose, Resource
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.temporary_resources import (
    common_fields,
    create,
    create_network_interface,
    resource_of,
    wait_until_ready,
    wait_until_succeeded,
)
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from policy.clone_checks import check_ready_clone


def create_clone(run: VmRun, plan: Plan) -> Orchestration[VmState]:
    """Create snapshots of the disks, disks from the snapshots, an isolated network interface, and the VM.

    Returns the clone once it is ready: the next stages are those of a VM in place.
    """
    shape, place, source, target = plan.shape, plan.clone_place, plan.source, run.job.target
    assert shape is not None
    assert place is not None
    assert source.os_type is not None
    wanted = (shape.os_disk, *(shape.data_disks if target.data_disks == "include" else ()))
    copied = [disk for disk in wanted if disk is not None]
    snapshots = yield from _create_snapshots(run, place.group, copied)
    disks = yield from _create_disks(run, place.group, shape, copied, snapshots)
    site = target.clone or CloneOptions()
    interface = yield from create_network_interface(run, place, site, Purpose.CLONE, shape.location)
    # Deprovisioning requires the opt-in tag of the VM's owner: the clone is owned by this app.
    opt_in = {run.settings.opt_in_tag: run.settings.opt_in_value}
    resource = resource_of(run, place.group, Kind.VM, "clone", Purpose.CLONE)
    request = CreateVm(
        **common_fields(run, resource, shape.location, opt_in),
        shape=shape,
        os_type=source.os_type,
        vm_size=site.vm_size or shape.vm_size,
        network_interface_id=interface.id,
        os_disk_id=disks[0].id,
        data_disks=tuple(
            DataDisk(id=resource.id, lun=disk.lun, caching=disk.caching)
            for resource, disk in zip(disks, copied, strict=True)
            if disk.lun is not None
        ),
    )
    yield from create(run, run.polling.vm, CREATE_VM, request)
    clone = yield from wait_until_ready(run, run.polling.vm, VmId.parse(resource.id), FailureCode.CLONE_FAILED)
    run.journal.saw(clone)
    if refusals := check_ready_clone(run.job, clone, deprovisioned=not plan.specialized):
        raise Refused(*refusals)
    return clone


def _part(disk: DiskFacts) -> str:
    return "os" if disk.lun is None else f"data-{disk.lun}"


def _create_snapshots(run: VmRun, group: Scope, disks: list[DiskFacts]) -> Orchestration[list[Resource]]:
    wait, created = run.polling.snapshot, list[Resource]()
    for disk in disks:
        snapshot = resource_of(run, group, Kind.SNAPSHOT, f"{_part(disk)}-snapshot", Purpose.CLONE)
        wanted = CreateSnapshot(
            **common_fields(run, snapshot, disk.location), vm_id=run.job.target.vm_id, source_disk_id=disk.id
        )
        yield from create(run, wait, CREATE_SNAPSHOT, wanted)
        created.append(snapshot)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created


def _create_disks(
    run: VmRun, group: Scope, shape: VmShape, disks: list[DiskFacts], snapshots: list[Resource]
) -> Orchestration[list[Resource]]:
    wait, created = run.polling.disk, list[Resource]()
    zone = next(iter(shape.zones), None)
    for disk, snapshot in zip(disks, snapshots, strict=True):
        copy = resource_of(run, group, Kind.DISK, f"{_part(disk)}-disk", Purpose.CLONE)
        wanted = CreateDisk(**common_fields(run, copy, disk.location), snapshot_id=snapshot.id, like=disk, zone=zone)
        yield from create(run, wait, CREATE_DISK, wanted)
        created.append(copy)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created
