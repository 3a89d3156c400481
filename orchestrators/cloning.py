"""Makes a machine like the source, shut off from every network, without writing anything to the source."""

from datetime import timedelta
from typing import Any

from contracts.facts import DiskFacts, MachineShape, OsType
from contracts.guest_report import SerialMark
from contracts.ids import Scope, VmId
from contracts.machine_steps import ReadSerialMarker
from contracts.made import Kind, Made, Purpose
from contracts.making_steps import (
    DataDisk,
    MakeDisk,
    MakeMachine,
    MakeNetworkInterface,
    MakeSecurityGroup,
    MakeSnapshot,
)
from contracts.reasons import FailureCode, Refusal, RefusalCode
from contracts.steps import (
    MAKE_DISK,
    MAKE_MACHINE,
    MAKE_NETWORK_INTERFACE,
    MAKE_SECURITY_GROUP,
    MAKE_SNAPSHOT,
    READ_SERIAL_MARKER,
)
from contracts.wishes import CloneOptions, Site
from orchestrators.calling import Story
from orchestrators.judging import Place, Plan
from orchestrators.machine_run import MachineRun, Refused
from orchestrators.making import make, thing, wait_until_ready, wait_until_whole
from orchestrators.waiting import ask, wait_for
from policy.clone_verdict import judge_ready_clone
from policy.verdict import wants_proof


def make_clone(run: MachineRun, plan: Plan) -> Story[None]:
    """Snapshot the disks, make disks of them, a network interface that nothing passes, and the machine.

    `run.machine` is the clone once it is ready: from here on the story of a machine in place is told of it.
    """
    shape, place, source = plan.shape, plan.clone_place, plan.source
    assert shape is not None
    assert place is not None
    assert source.os_type is not None
    group = place.group
    run.ceiling = run.ctx.current_utc_datetime + timedelta(hours=run.job.settings.temporary_hours)
    wanted = (shape.os_disk, *(shape.data_disks if run.job.target.data_disks == "include" else ()))
    copied = [disk for disk in wanted if disk is not None]
    snapshots = yield from _copy(run, group, copied)
    disks = yield from _restore(run, group, shape, copied, snapshots)
    site = run.job.target.clone or CloneOptions()
    interface = yield from make_interface(run, place, site, Purpose.CLONE, shape.location)
    settings = run.job.settings
    # The order to seal asks for the opt-in of whoever owns the machine: of a clone that is us.
    opt_in = {settings.opt_in_tag: settings.opt_in_value}
    machine = MakeMachine(
        **new(run, thing(run, group, Kind.MACHINE, "clone", Purpose.CLONE), shape.location, opt_in),
        shape=shape,
        os_type=source.os_type,
        vm_size=site.vm_size or shape.vm_size,
        network_interface_id=interface.id,
        os_disk_id=disks[0].id,
        data_disks=tuple(
            DataDisk(id=made.id, lun=disk.lun, caching=disk.caching)
            for made, disk in zip(disks, copied, strict=True)
            if disk.lun is not None
        ),
    )
    waits = settings.waits
    yield from make(run, waits.machine, MAKE_MACHINE, machine)
    clone = VmId.parse(machine.made.id)
    run.machine = yield from wait_until_ready(run, waits.machine, clone, FailureCode.CLONE_FAILED)
    if source.os_name is None:
        # A machine that does not run tells no system: its clone is the same one.
        system = {"os_name": run.machine.os_name, "os_version": run.machine.os_version}
        plan.source = source.model_copy(update=system)
    if refusals := judge_ready_clone(run.job, run.machine, sealed=not plan.specialized):
        raise Refused(*refusals)
    yield from _see_proof_possible(run)


def new(run: MachineRun, made: Made, location: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """What every thing that is made has in common."""
    return {
        "made": made,
        "run_id": run.job.run_id,
        "app_name": run.job.settings.app_name,
        "location": location,
        "tags": tags or {},
    }


def make_interface(run: MachineRun, place: Place, site: Site, purpose: Purpose, location: str) -> Story[Made]:
    """Make a network interface and its own security group, which denies everything in and out but what was asked."""
    group, subnet_id = place.group, place.subnet_id
    assert subnet_id is not None
    part = "" if purpose is Purpose.CLONE else f"{purpose}-"
    wait = run.job.settings.waits.network
    rules = thing(run, group, Kind.SECURITY_GROUP, f"{part}nsg", purpose)
    wanted = MakeSecurityGroup(**new(run, rules, location), service_tags=site.service_tags)
    yield from make(run, wait, MAKE_SECURITY_GROUP, wanted)
    yield from wait_until_whole(run, wait, [rules], FailureCode.CLONE_FAILED)
    interface = thing(run, group, Kind.NETWORK_INTERFACE, f"{part}nic", purpose)
    order = MakeNetworkInterface(**new(run, interface, location), subnet_id=subnet_id, security_group_id=rules.id)
    yield from make(run, wait, MAKE_NETWORK_INTERFACE, order)
    yield from wait_until_whole(run, wait, [interface], FailureCode.CLONE_FAILED)
    return interface


def _part(disk: DiskFacts) -> str:
    return "os" if disk.lun is None else f"data-{disk.lun}"


def _copy(run: MachineRun, group: Scope, disks: list[DiskFacts]) -> Story[list[Made]]:
    wait, made = run.job.settings.waits.snapshot, list[Made]()
    for disk in disks:
        snapshot = thing(run, group, Kind.SNAPSHOT, f"{_part(disk)}-snapshot", Purpose.CLONE)
        wanted = MakeSnapshot(**new(run, snapshot, disk.location), source_disk_id=disk.id)
        yield from make(run, wait, MAKE_SNAPSHOT, wanted)
        made.append(snapshot)
    yield from wait_until_whole(run, wait, made, FailureCode.CLONE_FAILED)
    return made


def _restore(
    run: MachineRun, group: Scope, shape: MachineShape, disks: list[DiskFacts], snapshots: list[Made]
) -> Story[list[Made]]:
    wait, made = run.job.settings.waits.disk, list[Made]()
    zone = next(iter(shape.zones), None)
    for disk, snapshot in zip(disks, snapshots, strict=True):
        copy = thing(run, group, Kind.DISK, f"{_part(disk)}-disk", Purpose.CLONE)
        wanted = MakeDisk(**new(run, copy, disk.location), snapshot_id=snapshot.id, like=disk, zone=zone)
        yield from make(run, wait, MAKE_DISK, wanted)
        made.append(copy)
    yield from wait_until_whole(run, wait, made, FailureCode.CLONE_FAILED)
    return made


def _see_proof_possible(run: MachineRun) -> Story[None]:
    """Linux proves itself on the serial console: learn now that its log can be read, later it is too late."""
    linux = run.machine is not None and run.machine.os_type is OsType.LINUX
    if not linux or not wants_proof(run.job.target):
        return
    request = ReadSerialMarker(vm_id=run.subject.vm_id, run_id=run.job.run_id, nonce=run.nonce)

    def look() -> Story[SerialMark | None]:
        mark = (yield from ask(run, READ_SERIAL_MARKER, request)).mark
        return mark if mark.readable else None

    wait = run.job.settings.waits.identity.model_copy(update={"first": 0})
    if (yield from wait_for(run, wait, look)) is None:
        message = "the clone's serial log could not be read, and the request wants proof"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
