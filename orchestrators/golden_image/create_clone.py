"""Creates a clone of the source VM, isolated from every network; nothing is written to the source."""

from contracts.activities.resources import CreateDisk, CreateSnapshot, CreateVm, DataDisk
from contracts.capacity import Candidate
from contracts.catalog import CREATE_DISK, CREATE_SNAPSHOT
from contracts.error_codes import FailureCode
from contracts.facts import DiskFacts, VmState
from contracts.ids import Scope
from contracts.image_options import CloneOptions
from contracts.resources import Kind, Purpose, Resource
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.temporary_resources import (
    common_fields,
    create,
    create_network_interface,
    resource_of,
    wait_until_succeeded,
)
from orchestrators.golden_image.temporary_vm import create_temporary_vm
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
    os_type = source.os_type
    assert os_type is not None
    wanted = (shape.os_disk, *(shape.data_disks if target.data_disks == "include" else ()))
    copied = [disk for disk in wanted if disk is not None]
    snapshots = yield from _create_snapshots(run, place.group, copied)
    site = target.clone or CloneOptions()
    interface = yield from create_network_interface(run, place, site, Purpose.CLONE, shape.location)
    # Deprovisioning requires the opt-in tag of the VM's owner: the clone is owned by this app.
    opt_in = {run.settings.opt_in_tag: run.settings.opt_in_value}
    resource = resource_of(run, place.group, Kind.VM, "clone", Purpose.CLONE)
    disks: dict[str | None, list[Resource]] = {}

    def prepare(way: Candidate) -> Orchestration[CreateVm]:
        if way.zone not in disks:
            # A disk in a zone cannot be attached to a VM outside of it.
            yield from delete_resources(run, [disk for others in disks.values() for disk in others])
            disks.clear()
            disks[way.zone] = yield from _create_disks(run, place.group, way.zone, copied, snapshots)
        return CreateVm(
            **common_fields(run, resource, shape.location, opt_in),
            shape=shape,
            os_type=os_type,
            vm_size=way.size,
            zone=way.zone,
            network_interface_id=interface.id,
            os_disk_id=disks[way.zone][0].id,
            data_disks=tuple(
                DataDisk(id=created.id, lun=disk.lun, caching=disk.caching)
                for created, disk in zip(disks[way.zone], copied, strict=True)
                if disk.lun is not None
            ),
        )

    clone = yield from create_temporary_vm(run, plan.clone_ways, prepare, FailureCode.CLONE_FAILED)
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
    run: VmRun, group: Scope, zone: str | None, disks: list[DiskFacts], snapshots: list[Resource]
) -> Orchestration[list[Resource]]:
    wait, created = run.polling.disk, list[Resource]()
    for disk, snapshot in zip(disks, snapshots, strict=True):
        copy = resource_of(run, group, Kind.DISK, f"{_part(disk)}-disk", Purpose.CLONE)
        wanted = CreateDisk(**common_fields(run, copy, disk.location), snapshot_id=snapshot.id, like=disk, zone=zone)
        yield from create(run, wait, CREATE_DISK, wanted)
        created.append(copy)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created
