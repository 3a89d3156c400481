"""The last look into a VM before it is asked to deprovision itself: which boot, which clock, and can it prove it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.activities.vm import ReadSerialMarker
from contracts.catalog import READ_SERIAL_MARKER
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import GuestIdentity, VmState
from contracts.run_commands import IDENTITY
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.identity import read_identity
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import ask, wait_for
from orchestrators.golden_image.preflight import validation_options
from orchestrators.golden_image.run_commands import forget_run_commands, remove_run_commands
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import growing
from policy.vm_checks import wants_proof


@dataclass(frozen=True)
class Ready:
    """What the VM reported: `identity` if a VM created from the image will be compared with it.

    `boot_id` is its boot, empty if not known. `clock_ahead`: by how many seconds its clock is at least ahead.
    """

    identity: GuestIdentity | None = None
    boot_id: str = ""
    clock_ahead: int = 0


def make_ready(run: VmRun, vm: VmState, plan: Plan) -> Orchestration[Ready]:
    """Read the VM's identity, boot and clock; if the request wants proof, see that its serial console reaches Azure.

    Nothing is changed in the VM. Refused if it reports nothing and that is needed later: then it would be too late. A
    VM for a specialized image is not deprovisioned, so that nothing is needed.
    """
    if plan.specialized:
        return Ready()
    proof = wants_proof(run.job.target)
    try:
        reported = yield from read_identity(run, vm, IDENTITY, greets=proof and is_linux(vm))
    except Exception:
        # A run that ends here leaves the VM as it was. Asked once: a cancel ends every wait.
        yield from forget_run_commands(run, vm, IDENTITY)
        raise
    at = run.ctx.current_utc_datetime
    yield from remove_run_commands(run, vm, IDENTITY)
    if reported is None:
        if proof or validation_options(run) is not None:
            message = "the VM did not report its identity, so that neither it nor an image of it could be proved"
            raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
        run.note("the VM did not report its identity: its boot is not known")
        return Ready()
    if proof and is_linux(vm):
        yield from _see_greeting(run, vm)
    ahead = 0 if reported.clock is None else reported.clock - int(at.replace(tzinfo=UTC).timestamp())
    wanted = reported if validation_options(run) is not None else None
    return Ready(wanted, reported.boot_id, ahead)


def _see_greeting(run: VmRun, vm: VmState) -> Orchestration[None]:
    """Find the VM's line in its serial log, which may lag: on Linux it will hold the proof of the deprovisioning."""
    request = ReadSerialMarker(vm_id=vm.vm_id, run_id=run.job.run_id, nonce=run.nonce)
    readable = shows_boots = False

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal readable, shows_boots
        mark = (yield from ask(run, READ_SERIAL_MARKER, request, until)).mark
        readable, shows_boots = mark.readable, mark.shows_boots
        return True if mark.greeted else None

    wait = run.polling.serial_mark
    pauses = growing(0, interval=wait.interval_seconds)
    if (yield from wait_for(run, wait, poll, pauses=pauses)) is None:
        seen = "does not show the line that the VM wrote on its console" if readable else "could not be read"
        message = f"the serial log {seen}, and the request requires proof from it"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
    if not shows_boots:
        run.note("the serial log shows no boot of the kernel: a boot after the VM has stopped would not be seen in it")
