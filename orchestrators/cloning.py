"""Creates a clone of the source VM, isolated from every network; nothing is written to the source."""

from datetime import timedelta
from typing import Any

from contracts.activities.resources import (
    CreateDisk,
    CreateNetworkInterface,
    CreateSecurityGroup,
    CreateSnapshot,
    CreateVm,
    DataDisk,
)
from contracts.activities.vm import ReadSerialMarker
from contracts.catalog import (
    CREATE_DISK,
    CREATE_NETWORK_INTERFACE,
    CREATE_SECURITY_GROUP,
    CREATE_SNAPSHOT,
    CREATE_VM,
    READ_SERIAL_MARKER,
)
from contracts.error_codes import FailureCode, Refusal, RefusalCode
from contracts.facts import DiskFacts, OsType, VmShape
from contracts.guest_report import SerialMark
from contracts.ids import Scope, VmId
from contracts.image_options import CloneOptions, Site
from contracts.resources import Kind, Purpose, Resource
from orchestrators.polling import ask, wait_for
from orchestrators.preflight import Place, Plan
from orchestrators.run_activity import Orchestration
from orchestrators.temporary_resources import create, resource_of, wait_until_ready, wait_until_succeeded
from orchestrators.vm_run import Refused, VmRun
from policy.clone_checks import check_ready_clone
from policy.vm_checks import wants_proof


def create_clone(run: VmRun, plan: Plan) -> Orchestration[None]:
    """Create snapshots of the disks, disks from the snapshots, an isolated network interface, and the VM.

    `run.vm` is the clone once it is ready: the next stages are those of a VM in place.
    """
    shape, place, source = plan.shape, plan.clone_place, plan.source
    assert shape is not None
    assert place is not None
    assert source.os_type is not None
    group = place.group
    run.ceiling = run.ctx.current_utc_datetime + timedelta(hours=run.job.settings.temporary_vm_max_hours)
    wanted = (shape.os_disk, *(shape.data_disks if run.job.target.data_disks == "include" else ()))
    copied = [disk for disk in wanted if disk is not None]
    snapshots = yield from _create_snapshots(run, group, copied)
    disks = yield from _create_disks(run, group, shape, copied, snapshots)
    site = run.job.target.clone or CloneOptions()
    interface = yield from create_network_interface(run, place, site, Purpose.CLONE, shape.location)
    settings = run.job.settings
    # Deprovisioning requires the opt-in tag of the VM's owner: the clone is owned by this app.
    opt_in = {settings.opt_in_tag: settings.opt_in_value}
    vm = CreateVm(
        **common_fields(run, resource_of(run, group, Kind.VM, "clone", Purpose.CLONE), shape.location, opt_in),
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
    polling = settings.polling
    yield from create(run, polling.vm, CREATE_VM, vm)
    clone = VmId.parse(vm.resource.id)
    run.vm = yield from wait_until_ready(run, polling.vm, clone, FailureCode.CLONE_FAILED)
    if source.os_name is None:
        # A VM that does not run reports no operating system: take it from the clone.
        system = {"os_name": run.vm.os_name, "os_version": run.vm.os_version}
        plan.source = source.model_copy(update=system)
    if refusals := check_ready_clone(run.job, run.vm, deprovisioned=not plan.specialized):
        raise Refused(*refusals)
    yield from _check_serial_log_readable(run)


def common_fields(run: VmRun, resource: Resource, location: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the fields that every request to create a resource has in common."""
    return {
        "resource": resource,
        "run_id": run.job.run_id,
        "app_name": run.job.settings.app_name,
        "location": location,
        "tags": tags or {},
    }


def create_network_interface(
    run: VmRun, place: Place, site: Site, purpose: Purpose, location: str
) -> Orchestration[Resource]:
    """Create a network interface and its security group, which denies all traffic but to the requested service tags."""
    group, subnet_id = place.group, place.subnet_id
    assert subnet_id is not None
    part = "" if purpose is Purpose.CLONE else f"{purpose}-"
    wait = run.job.settings.polling.network
    rules = resource_of(run, group, Kind.SECURITY_GROUP, f"{part}nsg", purpose)
    wanted = CreateSecurityGroup(**common_fields(run, rules, location), service_tags=site.service_tags)
    yield from create(run, wait, CREATE_SECURITY_GROUP, wanted)
    yield from wait_until_succeeded(run, wait, [rules], FailureCode.CLONE_FAILED)
    interface = resource_of(run, group, Kind.NETWORK_INTERFACE, f"{part}nic", purpose)
    request = CreateNetworkInterface(
        **common_fields(run, interface, location), subnet_id=subnet_id, security_group_id=rules.id
    )
    yield from create(run, wait, CREATE_NETWORK_INTERFACE, request)
    yield from wait_until_succeeded(run, wait, [interface], FailureCode.CLONE_FAILED)
    return interface


def _part(disk: DiskFacts) -> str:
    return "os" if disk.lun is None else f"data-{disk.lun}"


def _create_snapshots(run: VmRun, group: Scope, disks: list[DiskFacts]) -> Orchestration[list[Resource]]:
    wait, created = run.job.settings.polling.snapshot, list[Resource]()
    for disk in disks:
        snapshot = resource_of(run, group, Kind.SNAPSHOT, f"{_part(disk)}-snapshot", Purpose.CLONE)
        wanted = CreateSnapshot(**common_fields(run, snapshot, disk.location), source_disk_id=disk.id)
        yield from create(run, wait, CREATE_SNAPSHOT, wanted)
        created.append(snapshot)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created


def _create_disks(
    run: VmRun, group: Scope, shape: VmShape, disks: list[DiskFacts], snapshots: list[Resource]
) -> Orchestration[list[Resource]]:
    wait, created = run.job.settings.polling.disk, list[Resource]()
    zone = next(iter(shape.zones), None)
    for disk, snapshot in zip(disks, snapshots, strict=True):
        copy = resource_of(run, group, Kind.DISK, f"{_part(disk)}-disk", Purpose.CLONE)
        wanted = CreateDisk(**common_fields(run, copy, disk.location), snapshot_id=snapshot.id, like=disk, zone=zone)
        yield from create(run, wait, CREATE_DISK, wanted)
        created.append(copy)
    yield from wait_until_succeeded(run, wait, created, FailureCode.CLONE_FAILED)
    return created


def _check_serial_log_readable(run: VmRun) -> Orchestration[None]:
    """Check now that the serial log can be read: on Linux it holds the proof that the guest deprovisioned itself."""
    linux = run.vm is not None and run.vm.os_type is OsType.LINUX
    if not linux or not wants_proof(run.job.target):
        return
    request = ReadSerialMarker(vm_id=run.subject.vm_id, run_id=run.job.run_id, nonce=run.nonce)

    def poll() -> Orchestration[SerialMark | None]:
        mark = (yield from ask(run, READ_SERIAL_MARKER, request)).mark
        return mark if mark.readable else None

    wait = run.job.settings.polling.identity.model_copy(update={"initial_delay_seconds": 0})
    if (yield from wait_for(run, wait, poll)) is None:
        message = "the clone's serial log could not be read, and the request requires proof from it"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
