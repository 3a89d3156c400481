"""Checks why a VM stopped: deprovisioned with proof, without proof, or deallocated by another caller."""

from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.message import Message
from contracts.request import EvidenceLevel

STOPPED = frozenset({PowerState.STOPPED, PowerState.DEALLOCATING, PowerState.DEALLOCATED})


class End(Message):
    """Whether the run may mark the VM generalized (`failure` is None), and on what evidence."""

    level: EvidenceLevel | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()


def guest_proved(report: GuestReport | None, mark: SerialMark) -> bool:
    """Return whether the guest reported that it was deprovisioned: Windows by its report, Linux by its serial mark."""
    return mark.deprovisioned or (report is not None and report.outcome is GuestOutcome.DEPROVISIONED)


def check_stop(power_state: PowerState, report: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel) -> End:
    """Check a VM that no longer runs (stopped, deallocating or deallocated).

    That the VM is stopped is no proof: `shutdown` in the guest and the powerOff API look the same. If it is
    deallocated, another caller did that, which is a failure only if the guest was not deprovisioned before.
    """
    external = power_state is not PowerState.STOPPED
    if guest_proved(report, mark):
        notes = ("another caller deallocated the VM after it was deprovisioned",) if external else ()
        return End(level=EvidenceLevel.GUEST_REPORTED, notes=notes)
    if external:
        message = f"the VM is {power_state}, and there is no proof that it was deprovisioned"
        return End(failure=Failure.of(FailureCode.DEALLOCATED_EXTERNALLY, message))
    if mark.failure is not None:
        return End(
            failure=Failure.of(
                FailureCode.GUEST_FAILED, f"the guest reported a failure on its serial console: {mark.failure}"
            )
        )
    note = "the serial log contains no mark of this run" if mark.readable else "the serial log could not be read"
    if wanted is EvidenceLevel.POWER_STATE_ONLY:
        return End(level=EvidenceLevel.POWER_STATE_ONLY, notes=(note,))
    return End(failure=Failure.of(FailureCode.STOPPED_WITHOUT_PROOF, f"the VM stopped, but {note}"))
