"""The mark that a Linux VM writes on its serial console when it has deprovisioned itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from contracts.activities.vm import ReadSerialMarker
from contracts.catalog import READ_SERIAL_MARKER
from contracts.error_codes import Failure, FailureCode
from contracts.facts import FoundRunCommand, VmState
from contracts.guest_report import SerialMark
from contracts.polling import INSPECT_LIMIT
from contracts.run_commands import DEPROVISION, run_command_name
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import Orchestration


@dataclass(frozen=True)
class Deprovisioning:
    """What identifies one deprovisioning: of this run, or of an ended one that could not prove it in time."""

    run_id: str
    nonce: str
    run_command: str

    @classmethod
    def of_run(cls, run: VmRun) -> Self:
        """Return that of this run."""
        return cls(run.job.run_id, run.nonce, run_command_name(run.job.run_id, DEPROVISION))

    @classmethod
    def of_earlier(cls, found: FoundRunCommand) -> Self:
        """Return that of the run which put this Run Command on the VM."""
        return cls(found.run_id or "", found.nonce or "", found.name)


def choose_earlier(run: VmRun, vm: VmState, found: tuple[FoundRunCommand, ...]) -> Orchestration[Deprovisioning]:
    """Return the deprovisioning whose mark counts now; without any, the last: the mark may still come."""
    until = run.ctx.current_utc_datetime + INSPECT_LIMIT
    chosen = Deprovisioning.of_earlier(found[-1])
    for each in map(Deprovisioning.of_earlier, found):
        request = ReadSerialMarker(vm_id=vm.vm_id, run_id=each.run_id, nonce=each.nonce)
        if (yield from ask(run, READ_SERIAL_MARKER, request, until)).mark.deprovisioned:
            chosen = each
    return chosen


def read_mark(run: VmRun, vm: VmState, begun: Deprovisioning, until: datetime) -> Orchestration[SerialMark]:
    """Read the mark; a VM that has no serial log has none. Failed (StartedExternally) if the VM booted after it."""
    if not is_linux(vm) or not vm.boot_diagnostics:
        return SerialMark(readable=False)
    request = ReadSerialMarker(vm_id=vm.vm_id, run_id=begun.run_id, nonce=begun.nonce)
    mark = (yield from ask(run, READ_SERIAL_MARKER, request, until)).mark
    if mark.booted_since:
        message = "the serial log shows that the VM booted again after it had deprovisioned itself"
        raise Failed(Failure.of(FailureCode.STARTED_EXTERNALLY, message))
    return mark
