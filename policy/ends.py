"""What it means that a machine stopped, or did not: with proof, without, by somebody else, still running."""

from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.message import Message
from contracts.reasons import Failure, FailureCode
from contracts.request import EvidenceLevel

STOPPED = frozenset({PowerState.STOPPED, PowerState.DEALLOCATING, PowerState.DEALLOCATED})


class End(Message):
    """Whether the run goes on to mark the machine generalized (`failure` is None), and on what evidence."""

    level: EvidenceLevel | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()


def guest_proved(report: GuestReport | None, mark: SerialMark) -> bool:
    """Tell whether the guest itself said that it had sealed: Windows by its report, Linux by its mark."""
    return mark.sealed or (report is not None and report.outcome is GuestOutcome.SEALED)


def judge_stop(power_state: PowerState, report: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel) -> End:
    """Judge a machine that no longer runs (stopped, deallocating or deallocated).

    Stopped is necessary and no proof: `shutdown` in the guest and the powerOff API look the same. Deallocated
    means that somebody else stopped it, which matters only if the guest had not sealed itself before.
    """
    somebody_else = power_state is not PowerState.STOPPED
    if guest_proved(report, mark):
        notes = ("somebody else deallocated the machine after it had sealed itself",) if somebody_else else ()
        return End(level=EvidenceLevel.GUEST_REPORTED, notes=notes)
    if somebody_else:
        message = f"the machine is {power_state}, and it did not prove that it had sealed itself"
        return End(failure=Failure.of(FailureCode.STOPPED_BY_SOMEBODY_ELSE, message))
    if mark.failure is not None:
        return End(failure=Failure.of(FailureCode.GUEST_FAILED, f"the guest marked a failure: {mark.failure}"))
    note = "the serial log holds no mark of this run" if mark.readable else "the serial log could not be read"
    if wanted is EvidenceLevel.POWER_STATE_ONLY:
        return End(level=EvidenceLevel.POWER_STATE_ONLY, notes=(note,))
    return End(failure=Failure.of(FailureCode.STOPPED_WITHOUT_PROOF, f"the machine stopped, but {note}"))
