"""Before an image version is promoted, a machine made from it must answer for itself."""

from contracts.facts import GuestIdentity, MachineState, OsType
from contracts.ids import VmId, run_command_name
from contracts.image_steps import UpdateImageVersion
from contracts.made import Kind, Purpose, run_digest
from contracts.making_steps import AdoptDisk, DataDisk, MakeMachine
from contracts.reasons import Failure, FailureCode
from contracts.results import Verified
from contracts.steps import ADOPT_DISK, MAKE_MACHINE, UPDATE_IMAGE_VERSION
from contracts.wishes import Verification
from orchestrators.aftermath import take_run_commands_off
from orchestrators.calling import Story
from orchestrators.capturing import image_luns
from orchestrators.cloning import make_interface, new
from orchestrators.judging import Plan
from orchestrators.machine_run import Failed, MachineRun, Refused
from orchestrators.making import make, thing, wait_until_ready
from orchestrators.preparing import learn_identity
from orchestrators.unmaking import unmake
from orchestrators.waiting import order
from policy.identity_check import identity_faults

ADMIN_USER = "goldencheck"
PASSED = {"golden-image-verified": "passed"}
_FAILED = {"golden-image-verified": "failed"}


def verify(run: MachineRun, plan: Plan, wish: Verification, before: GuestIdentity | None) -> Story[None]:
    """Make a machine from the version, ask it who it is, unmake it, and judge; a version that fails is marked so.

    Whatever goes wrong with that machine is a failed verification: the version stays out of latest.
    """
    sealed = run.machine
    try:
        found = yield from _ask_one(run, plan, wish, before)
    except (Failed, Refused) as trouble:
        found = Verified(passed=False, faults=(str(trouble)[:500],))
    run.machine = sealed
    yield from unmake(run, [made for made in run.things if made.purpose is Purpose.VERIFY])
    assert run.image is not None
    run.image = run.image.model_copy(update={"verified": found})
    if not found.passed:
        yield from mark(run, _FAILED)
        raise Failed(Failure.of(FailureCode.VERIFY_FAILED, "; ".join(found.faults)[:500]))


def _ask_one(run: MachineRun, plan: Plan, wish: Verification, before: GuestIdentity | None) -> Story[Verified]:
    """Make the machine and hear it; one of a specialized image keeps its identity, so it need only answer."""
    os_type = plan.source.os_type
    assert os_type is not None
    host = None if plan.specialized else f"gold{run_digest(run.job.run_id)[:10]}"
    machine = yield from _make_one(run, plan, wish, os_type, host)
    run.machine = machine
    user = "" if host is None else ADMIN_USER
    old_host = before.host_name if before is not None else ""
    told = yield from learn_identity(run, "verify", known_user=user, old_host=old_host)
    yield from take_run_commands_off(run, (run_command_name(run.job.run_id, "verify"),))
    if told is None:
        return Verified(passed=False, faults=("the machine made from the image did not answer",))
    if host is None:
        return Verified(passed=True, identity=told)
    faults = identity_faults(before, told, expected_host=host, os_type=os_type, allowed_users=wish.allowed_users)
    return Verified(passed=not faults, identity=told, faults=faults)


def _make_one(
    run: MachineRun, plan: Plan, wish: Verification, os_type: OsType, host: str | None
) -> Story[MachineState]:
    waits, shape, place = run.job.settings.waits, plan.shape, plan.verify_place
    assert run.image is not None
    assert shape is not None
    assert place is not None
    group = place.group
    interface = yield from make_interface(run, place, wish, Purpose.VERIFY, shape.location)
    disk = thing(run, group, Kind.DISK, "verify-os-disk", Purpose.VERIFY, implied=True)
    luns = image_luns(run, plan)
    more = [thing(run, group, Kind.DISK, f"verify-data-{lun}-disk", Purpose.VERIFY, implied=True) for lun in luns]
    made = thing(run, group, Kind.MACHINE, "verify", Purpose.VERIFY)
    wanted = MakeMachine(
        **new(run, made, shape.location),
        shape=shape,
        os_type=os_type,
        vm_size=wish.vm_size or shape.vm_size,
        network_interface_id=interface.id,
        image_id=run.image.id,
        os_disk_name=disk.name,
        data_disks=tuple(DataDisk(id=data.id, lun=lun) for data, lun in zip(more, luns, strict=True)),
        computer_name=host,
        admin_user=ADMIN_USER,
    )
    run.things += [disk, *more]
    yield from make(run, waits.machine, MAKE_MACHINE, wanted)
    vm_id = VmId.parse(made.id)
    machine = yield from wait_until_ready(run, waits.machine, vm_id, FailureCode.VERIFY_FAILED)
    for implied in (disk, *more):
        adopt = AdoptDisk(made=implied, run_id=run.job.run_id, app_name=run.job.settings.app_name, machine_id=made.id)
        yield from order(run, waits.network, ADOPT_DISK, adopt)
    return machine


def mark(run: MachineRun, tags: dict[str, str]) -> Story[None]:
    """Say on the version itself how its verification ended: whoever finds it sees why it is not in latest."""
    assert run.image is not None
    change = UpdateImageVersion(id=run.image.id, run_id=run.job.run_id, tags=tags)
    try:
        yield from order(run, run.job.settings.waits.network, UPDATE_IMAGE_VERSION, change)
    except Failed as trouble:
        run.note(f"the version could not be marked: {trouble.failure.message}")
