"""Validates an image version before it is promoted: a VM is created from it, and its identity is checked."""

from contracts.activities.resources import AdoptDisk, CreateVm, DataDisk
from contracts.catalog import ADOPT_DISK, CREATE_VM
from contracts.error_codes import FailureCode
from contracts.facts import GuestIdentity, OsType, VmState
from contracts.ids import VmId
from contracts.image_options import ImageValidation
from contracts.resources import Kind, Purpose, Resource, run_digest
from contracts.results import ValidationResult
from contracts.run_commands import VALIDATE
from orchestrators.golden_image.create_image import image_luns
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Denied, Failed, Refused
from orchestrators.golden_image.identity import read_identity
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import submit
from orchestrators.golden_image.run_commands import remove_run_commands
from orchestrators.golden_image.temporary_resources import (
    common_fields,
    create,
    create_network_interface,
    resource_of,
    wait_until_ready,
)
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from policy.identity_check import identity_faults

ADMIN_USER = "goldencheck"


def validate(
    run: VmRun, plan: Plan, image_id: str, options: ImageValidation, before: GuestIdentity | None
) -> Orchestration[ValidationResult]:
    """Create a VM from the version, read its identity, delete it, and check.

    Whatever goes wrong with that VM is a result that did not pass. A VM that could not be created proves nothing about
    the image: the result then is not `tested`. The VM has its own maximum lifetime. Denied if the app's settings no
    longer allow it.
    """
    try:
        found = yield from _validate_on_vm(run.on_temporary_vm(), plan, image_id, options, before)
    except Denied:
        raise
    except (Failed, Refused) as fault:
        tested = isinstance(fault, Failed) and fault.failure.code is FailureCode.VALIDATION_FAILED
        found = ValidationResult(passed=False, tested=tested, faults=(str(fault)[:500],))
    yield from delete_resources(run, run.created.temporary(Purpose.VALIDATE))
    return found


def _validate_on_vm(
    run: VmRun, plan: Plan, image_id: str, options: ImageValidation, before: GuestIdentity | None
) -> Orchestration[ValidationResult]:
    """Create the VM and check its identity; one from a specialized image keeps the source's and only has to report."""
    os_type = plan.source.os_type
    assert os_type is not None
    host = None if plan.specialized else f"gold{run_digest(run.job.run_id)[:10]}"
    vm = yield from _create_validation_vm(run, plan, image_id, options, os_type, host)
    user = "" if host is None else ADMIN_USER
    old_host = before.host_name if before is not None else ""
    reported = yield from read_identity(run, vm, VALIDATE, known_user=user, old_host=old_host)
    yield from remove_run_commands(run, vm, VALIDATE)
    if reported is None:
        return ValidationResult(passed=False, faults=("the VM created from the image did not report its identity",))
    if host is None:
        return ValidationResult(passed=True, identity=reported)
    credential = run.job.target.deprovision.sysprep_credential
    allowed = (*options.allowed_users, *((credential.user,) if credential else ()))
    faults = identity_faults(before, reported, expected_host=host, os_type=os_type, allowed_users=allowed)
    return ValidationResult(passed=not faults, identity=reported, faults=faults)


def _create_validation_vm(
    run: VmRun, plan: Plan, image_id: str, options: ImageValidation, os_type: OsType, host: str | None
) -> Orchestration[VmState]:
    shape, place, wait = plan.shape, plan.validation_place, run.polling.vm
    assert shape is not None
    assert place is not None
    interface = yield from create_network_interface(run, place, options, Purpose.VALIDATE, shape.location)
    luns = image_luns(run, shape)
    os_disk, *data_disks = (
        resource_of(run, place.group, Kind.DISK, f"validate-{part}-disk", Purpose.VALIDATE, implied=True)
        for part in ("os", *(f"data-{lun}" for lun in luns))
    )
    resource = resource_of(run, place.group, Kind.VM, "validate", Purpose.VALIDATE)
    wanted = CreateVm(
        **common_fields(run, resource, shape.location),
        shape=shape,
        os_type=os_type,
        vm_size=options.vm_size or shape.vm_size,
        network_interface_id=interface.id,
        image_id=image_id,
        os_disk_name=os_disk.name,
        data_disks=tuple(DataDisk(id=disk.id, lun=lun) for disk, lun in zip(data_disks, luns, strict=True)),
        computer_name=host,
        admin_user=ADMIN_USER,
    )
    run.created.remember(os_disk, *data_disks)
    yield from create(run, wait, CREATE_VM, wanted)
    vm = yield from wait_until_ready(run, wait, VmId.parse(resource.id), FailureCode.VALIDATION_FAILED)
    yield from _adopt_disks(run, resource, os_disk, *data_disks)
    return vm


def _adopt_disks(run: VmRun, vm: Resource, *disks: Resource) -> Orchestration[None]:
    """Tag the disks that Azure created together with the VM."""
    for disk in disks:
        run_id, app_name = run.job.run_id, run.settings.app_name
        request = AdoptDisk(resource=disk, run_id=run_id, app_name=app_name, vm_id=vm.id, tags=run.job.tags)
        yield from submit(run, run.polling.network, ADOPT_DISK, request)
        run.created.saw(disk.id)
