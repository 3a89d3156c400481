"""Reads the identity of a VM from inside, with a read-only Run Command."""

from datetime import datetime

from contracts.activities.scripts import ReadIdentity
from contracts.catalog import READ_IDENTITY
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import GuestIdentity, VmState
from contracts.run_commands import IDENTITY, run_command_name
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import ask, at_once, wait_for
from orchestrators.golden_image.preflight import validation_options
from orchestrators.golden_image.run_commands import remove_run_commands
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def read_identity(
    run: VmRun, vm: VmState, part: str, *, known_user: str = "", old_host: str = ""
) -> Orchestration[GuestIdentity | None]:
    """Read the VM's identity; None if it does not report one. `part` names the Run Command."""
    request = ReadIdentity(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, part),
        known_user=known_user,
        old_host=old_host,
    )
    found: GuestIdentity | None = None

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal found
        read = yield from ask(run, READ_IDENTITY, request, until)
        found = read.identity
        if read.ready and read.why:
            run.note(f"the VM did not report its identity: {read.why}")
        return True if read.ready else None

    yield from wait_for(run, at_once(run.polling.identity), poll)
    return found


def read_for_validation(run: VmRun, vm: VmState, plan: Plan) -> Orchestration[GuestIdentity | None]:
    """Read the VM's identity before it is deprovisioned, if a VM created from the image will be compared with it."""
    if validation_options(run) is None or plan.specialized:
        return None
    found = yield from read_identity(run, vm, IDENTITY)
    yield from remove_run_commands(run, vm, IDENTITY)
    if found is None:
        message = "the VM did not report its identity, so that an image of it could not be validated"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
    return found
