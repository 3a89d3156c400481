"""The mark that a Linux VM writes on its serial console when it has deprovisioned itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from contracts.activities.vm import ReadSerialMarker
from contracts.catalog import READ_SERIAL_MARKER
from contracts.error_codes import Failure, FailureCode
from contracts.facts import VmState
from contracts.guest_report import SerialMark
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import Orchestration


@dataclass(frozen=True)
class Deprovisioning:
    """What identifies one deprovisioning: of this run, or of an ended one that could not prove it in time."""

    run_id: str
    nonce: str

    @classmethod
    def of_run(cls, run: VmRun) -> Self:
        """Return that of this run."""
        return cls(run.job.run_id, run.nonce)


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
