"""The four ends of a VM that stopped: with proof, without, by another caller, on a failure of its own."""

import itertools

import pytest

from contracts.error_codes import FailureCode
from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.request import EvidenceLevel
from policy.stop_evidence import STOPPED, check_stop, guest_proved
from tests.support.rows import rows

DEPROVISIONED = SerialMark(readable=True, deprovisioned=True)
SILENT = SerialMark(readable=True)
UNREAD = SerialMark(readable=False)
BROKEN = SerialMark(readable=True, failure="waagent ended with 3")
PROOF, POWER = EvidenceLevel.GUEST_REPORTED, EvidenceLevel.POWER_STATE_ONLY
BY_EXTERNAL = [PowerState.DEALLOCATING, PowerState.DEALLOCATED]


def report(outcome: GuestOutcome) -> GuestReport:
    return GuestReport(version=1, run_id="r", nonce="n", outcome=outcome)


SAID_DEPROVISIONED, REQUESTED = report(GuestOutcome.DEPROVISIONED), report(GuestOutcome.REQUESTED)


def test_a_vm_that_runs_or_is_on_its_way_has_not_stopped() -> None:
    assert {PowerState.STOPPED, PowerState.DEALLOCATING, PowerState.DEALLOCATED} == STOPPED


@rows("outcome", [None, *GuestOutcome])
@rows("mark", [DEPROVISIONED, SILENT, UNREAD, BROKEN])
def test_only_the_guests_report_is_proof(outcome: GuestOutcome | None, mark: SerialMark) -> None:
    said = report(outcome) if outcome else None
    assert guest_proved(said, mark) is (mark.deprovisioned or outcome is GuestOutcome.DEPROVISIONED)


@rows("wanted", EvidenceLevel)
@rows(
    ("said", "mark"),
    [
        (SAID_DEPROVISIONED, UNREAD),
        (None, DEPROVISIONED),
        (REQUESTED, DEPROVISIONED),
        (SAID_DEPROVISIONED, DEPROVISIONED),
    ],
)
def test_stopped_with_proof_goes_on_whatever_was_wanted(
    said: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel
) -> None:
    end = check_stop(PowerState.STOPPED, said, mark, wanted)
    assert (end.level, end.failure, end.notes) == (PROOF, None, ())


@pytest.mark.parametrize("state", BY_EXTERNAL)
@pytest.mark.parametrize("wanted", EvidenceLevel)
def test_deallocated_by_external_else_after_the_proof_goes_on_and_is_noted(
    state: PowerState, wanted: EvidenceLevel
) -> None:
    end = check_stop(state, REQUESTED, DEPROVISIONED, wanted)
    assert (end.level, end.failure) == (PROOF, None)
    assert end.notes == ("another caller deallocated the VM after it was deprovisioned",)


@rows("state", BY_EXTERNAL)
@rows("wanted", EvidenceLevel)
@rows("mark", [SILENT, UNREAD, BROKEN])
def test_deallocated_by_external_else_without_proof_fails_whatever_was_wanted(
    state: PowerState, wanted: EvidenceLevel, mark: SerialMark
) -> None:
    end = check_stop(state, REQUESTED, mark, wanted)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.DEALLOCATED_EXTERNALLY
    assert str(state) in end.failure.message


@rows(
    ("mark", "note"),
    [(SILENT, "the serial log contains no mark of this run"), (UNREAD, "the serial log could not be read")],
)
@rows("said", [None, REQUESTED, report(GuestOutcome.ALREADY_REQUESTED)])
def test_stopped_without_proof_fails_when_proof_was_wanted_and_says_what_is_missing(
    said: GuestReport | None, mark: SerialMark, note: str
) -> None:
    end = check_stop(PowerState.STOPPED, said, mark, PROOF)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.STOPPED_WITHOUT_PROOF
    assert end.failure.message == f"the VM stopped, but {note}"


@pytest.mark.parametrize(
    ("mark", "note"),
    [(SILENT, "the serial log contains no mark of this run"), (UNREAD, "the serial log could not be read")],
)
def test_stopped_without_proof_goes_on_when_the_power_state_was_enough_and_notes_it(
    mark: SerialMark, note: str
) -> None:
    end = check_stop(PowerState.STOPPED, REQUESTED, mark, POWER)
    assert (end.level, end.failure, end.notes) == (POWER, None, (note,))


@pytest.mark.parametrize("wanted", EvidenceLevel)
def test_a_failure_that_the_guest_marked_fails_even_when_the_power_state_was_enough(wanted: EvidenceLevel) -> None:
    end = check_stop(PowerState.STOPPED, REQUESTED, BROKEN, wanted)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.GUEST_FAILED
    assert "waagent ended with 3" in end.failure.message


ALL = list(
    itertools.product(
        sorted(STOPPED), [None, SAID_DEPROVISIONED, REQUESTED], [DEPROVISIONED, SILENT, UNREAD, BROKEN], EvidenceLevel
    )
)


@rows(("state", "said", "mark", "wanted"), ALL)
def test_every_result_has_a_level_or_a_failure_and_reports_proof_only_with_proof(
    state: PowerState, said: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel
) -> None:
    end = check_stop(state, said, mark, wanted)
    assert (end.level is None) is (end.failure is not None)
    assert (end.level is PROOF) is guest_proved(said, mark)
    assert end.level is not POWER or (wanted is POWER and state is PowerState.STOPPED)
