"""Creates a clone of the source VM, isolated from every network; nothing is written to the source."""

from contracts.activities.resources import CreateVm
from contracts.capacity import Candidate
from contracts.catalog import CREATE_DISK, CREATE_SNAPSHOT
from contracts.error_codes import FailureCode
from contracts.facts import DiskFacts, VmState
from contracts.ids import Scope
from contracts.image_options import CloneOptions
from contracts.resources import Purpose, Resource
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.temporary_resources import (
    create,
    create_network_interface,
    wait_until_succeeded,
)
from orchestrators.golden_image.temporary_vm import create_temporary_vm
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import clone_disk, clone_snapshot, clone_vm, copied_disks
from orchestrators.run_activity import Orchestration
from policy.clone_checks import check_ready_clone


def create_clone(run: VmRun, plan: Plan) -> Orchestration[VmState]:
    """Create snapshots of the disks, disks from the snapshots, an isolated network interface, and the VM.

    Returns the clone once it is ready: the next stages are those of a VM in place.
    """
    shape, place = plan.shape, plan.clone_place
    assert shape is not None
    assert place is not None
    copied = copied_disks(run, shape)
    yield from _create_snapshots(run, place.group, copied)
    site = run.job.target.clone or CloneOptions()
    yield from create_network_interface(run, place, site, Purpose.CLONE, shape.location)
    disks: dict[str | None, list[Resource]] = {}

    def prepare(way: Candidate) -> Orchestration[CreateVm]:
        if way.zone not in disks:
            # A disk in a zone cannot be attached to a VM outside of it.
            yield from delete_resources(run, [disk for others in disks.values() for disk in others])
            disks.clear()
            disks[way.zone] = yield from _create_disks(run, place.group, way.zone, copied)
        return clone_vm(run, plan, way)

    clone = yield from create_temporary_vm(run, plan.clone_ways, prepare, FailureCode.CLONE_FAILED)
    run.journal.saw(clone)
    if refusals := check_ready_clone(run.job, clone, deprovisioned=not plan.specialized):
        raise Refused(*refusals)
    return clone


def _create_snapshots(run: VmRun, group: Scope, disks: tuple[DiskFacts, ...]) -> Orchestration[None]:
    wait, created = run.polling.snapshot, list[Resource]()
    for disk in disks:
        wanted = clone_snapshot(run, group, disk)
        yield from create(run, wait, CREATE_SNAPSHOT, wanted)
        created.append(wanted.resource)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)


def _create_disks(
    run: VmRun, group: Scope, zone: str | None, disks: tuple[DiskFacts, ...]
) -> Orchestration[list[Resource]]:
    wait, created = run.polling.disk, list[Resource]()
    for disk in disks:
        wanted = clone_disk(run, group, zone, disk)
        yield from create(run, wait, CREATE_DISK, wanted)
        created.append(wanted.resource)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created
