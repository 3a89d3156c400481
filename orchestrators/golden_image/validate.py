"""Validates an image version before it is promoted: a VM is created from it, and its identity is checked."""

from contracts.activities.resources import VALIDATION_USER, AdoptDisk, CreateVm
from contracts.capacity import Candidate
from contracts.catalog import ADOPT_DISK
from contracts.error_codes import FailureCode
from contracts.facts import GuestIdentity, VmState
from contracts.image_options import ImageValidation
from contracts.resources import Kind, Purpose, Resource
from contracts.results import ValidationResult
from contracts.run_commands import VALIDATE
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Denied, Failed, Refused
from orchestrators.golden_image.identity import read_identity
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import submit
from orchestrators.golden_image.run_commands import remove_run_commands
from orchestrators.golden_image.temporary_resources import create_network_interface
from orchestrators.golden_image.temporary_vm import create_temporary_vm
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import (
    image_luns,
    resource_of,
    validation_disks,
    validation_host,
    validation_vm,
)
from orchestrators.run_activity import Orchestration
from policy.identity_check import identity_faults


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
    host = validation_host(run, plan)
    vm = yield from _create_validation_vm(run, plan, image_id, options)
    user = "" if host is None else VALIDATION_USER
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


def _create_validation_vm(run: VmRun, plan: Plan, image_id: str, options: ImageValidation) -> Orchestration[VmState]:
    shape, place = plan.shape, plan.validation_place
    assert shape is not None
    assert place is not None
    yield from create_network_interface(run, place, options, Purpose.VALIDATE, shape.location)
    disks, code = validation_disks(run, place, image_luns(run, shape)), FailureCode.VALIDATION_FAILED

    def prepare(way: Candidate) -> Orchestration[CreateVm]:
        yield from ()
        return validation_vm(run, plan, options, image_id, way)

    vm = yield from create_temporary_vm(run, plan.validation_ways, prepare, code, implied=disks)
    yield from _adopt_disks(run, resource_of(run, place.group, Kind.VM, "validate", Purpose.VALIDATE), *disks)
    return vm


def _adopt_disks(run: VmRun, vm: Resource, *disks: Resource) -> Orchestration[None]:
    """Tag the disks that Azure created together with the VM."""
    for disk in disks:
        run_id, app_name = run.job.run_id, run.settings.app_name
        request = AdoptDisk(resource=disk, run_id=run_id, app_name=app_name, vm_id=vm.id, tags=run.job.tags)
        yield from submit(run, run.polling.network, ADOPT_DISK, request)
        run.created.saw(disk.id)
