"""Before an image version is promoted, a machine made from it must answer for itself."""

from datetime import timedelta

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
_TAG = "golden-image-verified"
_FAILED, _NOT_TESTED = {_TAG: "failed"}, {_TAG: "notTested"}


def verify(run: MachineRun, plan: Plan, wish: Verification, before: GuestIdentity | None) -> Story[None]:
    """Make a machine from the version, ask it who it is, unmake it, and judge; a version that fails is marked so.

    Whatever goes wrong with that machine, the version stays out of latest; one that could not even be made says nothing
    of the image. It has a life of its own, with a ceiling of its own.
    """
    sealed, ceiling = run.machine, run.ceiling
    run.ceiling = run.ctx.current_utc_datetime + timedelta(hours=run.job.settings.temporary_hours)
    try:
        found = yield from _ask_one(run, plan, wish, before)
    except (Failed, Refused) as trouble:
        tested = isinstance(trouble, Failed) and trouble.failure.code is FailureCode.VERIFY_FAILED
        found = Verified(passed=False, tested=tested, faults=(str(trouble)[:500],))
    run.machine = sealed
    yield from unmake(run, [made for made in run.things if made.purpose is Purpose.VERIFY])
    run.ceiling = ceiling
    assert run.image is not None
    run.image = run.image.model_copy(update={"verified": found})
    if not found.passed:
        yield from mark(run, _FAILED if found.tested else _NOT_TESTED)
        words = "; ".join(found.faults) if found.tested else f"it could not be tested: {'; '.join(found.faults)}"
        raise Failed(Failure.of(FailureCode.VERIFY_FAILED, words[:500]))


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
    credential = run.job.target.deprovision.sysprep_credential
    allowed = (*wish.allowed_users, *((credential.user,) if credential else ()))
    faults = identity_faults(before, told, expected_host=host, os_type=os_type, allowed_users=allowed)
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
        run.seen.add(implied.id)
    return machine


def passed_tag(before: GuestIdentity | None, plan: Plan) -> dict[str, str]:
    """The mark of a version that passed; without its source's identity less was compared, and the mark says so."""
    return {_TAG: "passed" if before is not None or plan.specialized else "passedWithoutSource"}


def mark(run: MachineRun, tags: dict[str, str]) -> Story[None]:
    """Say on the version itself how its verification ended: whoever finds it sees why it is not in latest."""
    assert run.image is not None
    change = UpdateImageVersion(id=run.image.id, run_id=run.job.run_id, tags=tags)
    try:
        yield from order(run, run.job.settings.waits.network, UPDATE_IMAGE_VERSION, change)
    except Failed as trouble:
        run.note(f"the version could not be marked: {trouble.failure.message}")
