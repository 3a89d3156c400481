"""The four ends of a machine that stopped: with proof, without, by somebody else, on a failure of its own."""

import itertools

import pytest

from contracts.facts import PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.reasons import FailureCode
from contracts.request import EvidenceLevel
from policy.ends import STOPPED, guest_proved, judge_stop

SEALED = SerialMark(readable=True, sealed=True)
SILENT = SerialMark(readable=True)
UNREAD = SerialMark(readable=False)
BROKEN = SerialMark(readable=True, failure="waagent ended with 3")
PROOF, POWER = EvidenceLevel.GUEST_REPORTED, EvidenceLevel.POWER_STATE_ONLY
BY_SOMEBODY = [PowerState.DEALLOCATING, PowerState.DEALLOCATED]


def report(outcome: GuestOutcome) -> GuestReport:
    return GuestReport(version=1, run_id="r", nonce="n", outcome=outcome)


SAID_SEALED, ARMED = report(GuestOutcome.SEALED), report(GuestOutcome.ARMED)


def test_a_machine_that_runs_or_is_on_its_way_has_not_stopped() -> None:
    assert {PowerState.STOPPED, PowerState.DEALLOCATING, PowerState.DEALLOCATED} == STOPPED


@pytest.mark.parametrize("outcome", [None, *GuestOutcome])
@pytest.mark.parametrize("mark", [SEALED, SILENT, UNREAD, BROKEN])
def test_only_the_guests_own_word_is_proof(outcome: GuestOutcome | None, mark: SerialMark) -> None:
    said = report(outcome) if outcome else None
    assert guest_proved(said, mark) is (mark.sealed or outcome is GuestOutcome.SEALED)


@pytest.mark.parametrize("wanted", EvidenceLevel)
@pytest.mark.parametrize(
    ("said", "mark"), [(SAID_SEALED, UNREAD), (None, SEALED), (ARMED, SEALED), (SAID_SEALED, SEALED)]
)
def test_stopped_with_proof_goes_on_whatever_was_wanted(
    said: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel
) -> None:
    end = judge_stop(PowerState.STOPPED, said, mark, wanted)
    assert (end.level, end.failure, end.notes) == (PROOF, None, ())


@pytest.mark.parametrize("state", BY_SOMEBODY)
@pytest.mark.parametrize("wanted", EvidenceLevel)
def test_deallocated_by_somebody_else_after_the_proof_goes_on_and_is_noted(
    state: PowerState, wanted: EvidenceLevel
) -> None:
    end = judge_stop(state, ARMED, SEALED, wanted)
    assert (end.level, end.failure) == (PROOF, None)
    assert end.notes == ("somebody else deallocated the machine after it had sealed itself",)


@pytest.mark.parametrize("state", BY_SOMEBODY)
@pytest.mark.parametrize("wanted", EvidenceLevel)
@pytest.mark.parametrize("mark", [SILENT, UNREAD, BROKEN])
def test_deallocated_by_somebody_else_without_proof_fails_whatever_was_wanted(
    state: PowerState, wanted: EvidenceLevel, mark: SerialMark
) -> None:
    end = judge_stop(state, ARMED, mark, wanted)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.STOPPED_BY_SOMEBODY_ELSE
    assert str(state) in end.failure.message


@pytest.mark.parametrize(
    ("mark", "words"),
    [(SILENT, "the serial log holds no mark of this run"), (UNREAD, "the serial log could not be read")],
)
@pytest.mark.parametrize("said", [None, ARMED, report(GuestOutcome.ALREADY_ARMED)])
def test_stopped_without_proof_fails_when_proof_was_wanted_and_says_what_is_missing(
    said: GuestReport | None, mark: SerialMark, words: str
) -> None:
    end = judge_stop(PowerState.STOPPED, said, mark, PROOF)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.STOPPED_WITHOUT_PROOF
    assert end.failure.message == f"the machine stopped, but {words}"


@pytest.mark.parametrize(
    ("mark", "words"),
    [(SILENT, "the serial log holds no mark of this run"), (UNREAD, "the serial log could not be read")],
)
def test_stopped_without_proof_goes_on_when_the_power_state_was_enough_and_notes_it(
    mark: SerialMark, words: str
) -> None:
    end = judge_stop(PowerState.STOPPED, ARMED, mark, POWER)
    assert (end.level, end.failure, end.notes) == (POWER, None, (words,))


@pytest.mark.parametrize("wanted", EvidenceLevel)
def test_a_failure_that_the_guest_marked_fails_even_when_the_power_state_was_enough(wanted: EvidenceLevel) -> None:
    end = judge_stop(PowerState.STOPPED, ARMED, BROKEN, wanted)
    assert end.level is None
    assert end.failure is not None
    assert end.failure.code is FailureCode.GUEST_FAILED
    assert "waagent ended with 3" in end.failure.message


ALL = list(
    itertools.product(sorted(STOPPED), [None, SAID_SEALED, ARMED], [SEALED, SILENT, UNREAD, BROKEN], EvidenceLevel)
)


@pytest.mark.parametrize(("state", "said", "mark", "wanted"), ALL)
def test_every_end_either_goes_on_with_a_level_or_fails_and_claims_proof_only_with_proof(
    state: PowerState, said: GuestReport | None, mark: SerialMark, wanted: EvidenceLevel
) -> None:
    end = judge_stop(state, said, mark, wanted)
    assert (end.level is None) is (end.failure is not None)
    assert (end.level is PROOF) is guest_proved(said, mark)
    assert end.level is not POWER or (wanted is POWER and state is PowerState.STOPPED)
