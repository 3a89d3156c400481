"""Validates an image version before it is promoted: a VM is created from it, and its identity is checked."""

from datetime import timedelta

from contracts.activities.image import UpdateImageVersion
from contracts.activities.resources import AdoptDisk, CreateVm, DataDisk
from contracts.catalog import ADOPT_DISK, CREATE_VM, UPDATE_IMAGE_VERSION
from contracts.error_codes import Failure, FailureCode
from contracts.facts import GuestIdentity, OsType, VmState
from contracts.ids import VmId, run_command_name
from contracts.image_options import ImageValidation
from contracts.resources import Kind, Purpose, run_digest
from contracts.results import ValidationResult
from orchestrators.cloning import common_fields, create_network_interface
from orchestrators.create_image import image_luns
from orchestrators.customize import read_identity
from orchestrators.delete_resources import delete_resources
from orchestrators.polling import submit
from orchestrators.preflight import Plan
from orchestrators.recovery import remove_run_commands
from orchestrators.run_activity import Orchestration
from orchestrators.temporary_resources import create, resource_of, wait_until_ready
from orchestrators.vm_run import Failed, Refused, VmRun
from policy.identity_check import identity_faults

ADMIN_USER = "goldencheck"
_TAG = "golden-image-validated"
_FAILED, _NOT_TESTED = {_TAG: "failed"}, {_TAG: "notTested"}


def validate(run: VmRun, plan: Plan, options: ImageValidation, before: GuestIdentity | None) -> Orchestration[None]:
    """Create a VM from the version, read its identity, delete it, and check; a version that fails is tagged so.

    Whatever goes wrong with that VM, the version stays out of latest. A VM that could not be created proves nothing
    about the image: the tag then says `notTested`. The VM has its own maximum lifetime.
    """
    deprovisioned, ceiling = run.vm, run.ceiling
    run.ceiling = run.ctx.current_utc_datetime + timedelta(hours=run.job.settings.temporary_vm_max_hours)
    try:
        found = yield from _validate_on_vm(run, plan, options, before)
    except (Failed, Refused) as fault:
        tested = isinstance(fault, Failed) and fault.failure.code is FailureCode.VALIDATION_FAILED
        found = ValidationResult(passed=False, tested=tested, faults=(str(fault)[:500],))
    run.vm = deprovisioned
    yield from delete_resources(run, [resource for resource in run.resources if resource.purpose is Purpose.VALIDATE])
    run.ceiling = ceiling
    assert run.image is not None
    run.image = run.image.model_copy(update={"validation": found})
    if not found.passed:
        yield from tag_version(run, _FAILED if found.tested else _NOT_TESTED)
        message = (
            "; ".join(found.faults) if found.tested else f"the image could not be tested: {'; '.join(found.faults)}"
        )
        raise Failed(Failure.of(FailureCode.VALIDATION_FAILED, message[:500]))


def _validate_on_vm(
    run: VmRun, plan: Plan, options: ImageValidation, before: GuestIdentity | None
) -> Orchestration[ValidationResult]:
    """Create the VM and check its identity; one from a specialized image keeps the source's and only has to report."""
    os_type = plan.source.os_type
    assert os_type is not None
    host = None if plan.specialized else f"gold{run_digest(run.job.run_id)[:10]}"
    vm = yield from _create_validation_vm(run, plan, options, os_type, host)
    run.vm = vm
    user = "" if host is None else ADMIN_USER
    old_host = before.host_name if before is not None else ""
    reported = yield from read_identity(run, "validate", known_user=user, old_host=old_host)
    yield from remove_run_commands(run, (run_command_name(run.job.run_id, "validate"),))
    if reported is None:
        return ValidationResult(passed=False, faults=("the VM created from the image did not report its identity",))
    if host is None:
        return ValidationResult(passed=True, identity=reported)
    credential = run.job.target.deprovision.sysprep_credential
    allowed = (*options.allowed_users, *((credential.user,) if credential else ()))
    faults = identity_faults(before, reported, expected_host=host, os_type=os_type, allowed_users=allowed)
    return ValidationResult(passed=not faults, identity=reported, faults=faults)


def _create_validation_vm(
    run: VmRun, plan: Plan, options: ImageValidation, os_type: OsType, host: str | None
) -> Orchestration[VmState]:
    polling, shape, place = run.job.settings.polling, plan.shape, plan.validation_place
    assert run.image is not None
    assert shape is not None
    assert place is not None
    group = place.group
    interface = yield from create_network_interface(run, place, options, Purpose.VALIDATE, shape.location)
    disk = resource_of(run, group, Kind.DISK, "validate-os-disk", Purpose.VALIDATE, implied=True)
    luns = image_luns(run, plan)
    more = [
        resource_of(run, group, Kind.DISK, f"validate-data-{lun}-disk", Purpose.VALIDATE, implied=True) for lun in luns
    ]
    resource = resource_of(run, group, Kind.VM, "validate", Purpose.VALIDATE)
    wanted = CreateVm(
        **common_fields(run, resource, shape.location),
        shape=shape,
        os_type=os_type,
        vm_size=options.vm_size or shape.vm_size,
        network_interface_id=interface.id,
        image_id=run.image.id,
        os_disk_name=disk.name,
        data_disks=tuple(DataDisk(id=data.id, lun=lun) for data, lun in zip(more, luns, strict=True)),
        computer_name=host,
        admin_user=ADMIN_USER,
    )
    run.resources += [disk, *more]
    yield from create(run, polling.vm, CREATE_VM, wanted)
    vm_id = VmId.parse(resource.id)
    vm = yield from wait_until_ready(run, polling.vm, vm_id, FailureCode.VALIDATION_FAILED)
    for implied in (disk, *more):
        adopt = AdoptDisk(
            resource=implied, run_id=run.job.run_id, app_name=run.job.settings.app_name, vm_id=resource.id
        )
        yield from submit(run, polling.network, ADOPT_DISK, adopt)
        run.seen.add(implied.id)
    return vm


def passed_tag(before: GuestIdentity | None, plan: Plan) -> dict[str, str]:
    """Return the tag of a version that passed; it says so if there was no source identity to compare with."""
    return {_TAG: "passed" if before is not None or plan.specialized else "passedWithoutSource"}


def tag_version(run: VmRun, tags: dict[str, str]) -> Orchestration[None]:
    """Tag the version with the result of its validation, so that its owner sees why it is not in latest."""
    assert run.image is not None
    change = UpdateImageVersion(id=run.image.id, run_id=run.job.run_id, tags=tags)
    try:
        yield from submit(run, run.job.settings.polling.network, UPDATE_IMAGE_VERSION, change)
    except Failed as fault:
        run.note(f"the image version could not be tagged with the result of its validation: {fault.failure.message}")
