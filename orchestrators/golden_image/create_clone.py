"""Creates a clone of the source VM, isolated from every network; nothing is written to the source."""

from contracts.catalog import CREATE_DISK, CREATE_SNAPSHOT, CREATE_VM
from contracts.error_codes import FailureCode
from contracts.facts import DiskFacts, VmShape, VmState
from contracts.ids import Scope, VmId
from contracts.image_options import CloneOptions
from contracts.resources import Purpose, Resource
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.temporary_resources import (
    create,
    create_network_interface,
    wait_until_ready,
    wait_until_succeeded,
)
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
    yield from _create_disks(run, place.group, shape, copied)
    site = run.job.target.clone or CloneOptions()
    yield from create_network_interface(run, place, site, Purpose.CLONE, shape.location)
    wanted = clone_vm(run, plan)
    yield from create(run, run.polling.vm, CREATE_VM, wanted)
    clone = yield from wait_until_ready(run, run.polling.vm, VmId.parse(wanted.resource.id), FailureCode.CLONE_FAILED)
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


def _create_disks(run: VmRun, group: Scope, shape: VmShape, disks: tuple[DiskFacts, ...]) -> Orchestration[None]:
    wait, created = run.polling.disk, list[Resource]()
    for disk in disks:
        wanted = clone_disk(run, group, shape, disk)
        yield from create(run, wait, CREATE_DISK, wanted)
        created.append(wanted.resource)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
