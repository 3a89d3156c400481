"""Results: every one fits a queue message, and a shortened one says so."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.facts import GuestIdentity, RegionState
from contracts.ids import VmId, machine_run_id
from contracts.made import Kind, Left
from contracts.reading import Fault
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.request import EvidenceLevel, Mode
from contracts.results import (
    CAVEAT,
    MAX_RESULT_BYTES,
    STAGE_OF_OUTCOME,
    Evidence,
    MachineResult,
    MachineSummary,
    Outcome,
    PreparedScript,
    PublishedImage,
    Rejection,
    Retired,
    RunResult,
    StageTiming,
    Verified,
    result_text,
)
from contracts.run import Door
from contracts.shortening import LEFT_OUT
from contracts.stages import TRANSITIONS, Stage
from contracts.steps import STEPS
from tests.support.requests import vm_id

unhurried = hypothesis_settings(deadline=None)  # a busy machine is no fault

LONGEST_ID = VmId.parse(vm_id("v" * 64).replace("rg-images", "g" * 90))


def machine_result(**more: Any) -> MachineResult:
    return MachineResult.model_validate(
        {
            "run_id": machine_run_id("r" * 48, LONGEST_ID),
            "request_id": "r" * 48,
            "vm_id": LONGEST_ID,
            "mode": Mode.IN_PLACE,
            "dry_run": False,
            "outcome": Outcome.GENERALIZED,
            "ended_in": Stage.GENERALIZING,
            **more,
        }
    )


def run_result(count: int, **more: Any) -> RunResult:
    machines = [
        MachineSummary(
            vm_id=VmId.parse(f"{LONGEST_ID}"[:-5] + f"{index:05}"),
            run_id="vm-" + "r" * 48 + f"-{index:010}",
            outcome=Outcome.FAILED if index < 10 else Outcome.GENERALIZED,
            code="StoppedBySomebodyElse" if index < 10 else None,
        )
        for index in range(count)
    ]
    return RunResult.model_validate(
        {
            "run_id": "batch-" + "r" * 48,
            "request_id": "r" * 48,
            "door": Door.HTTP,
            "dry_run": False,
            "counts": {Outcome.FAILED: min(count, 10), Outcome.GENERALIZED: max(count - 10, 0)},
            "machines": machines,
            **more,
        }
    )


@pytest.mark.parametrize("count", [0, 1, 100, 250, 1_000])
def test_a_run_result_fits_and_counts_whom_it_leaves_out(count: int) -> None:
    whole = run_result(count)
    text = result_text(whole)
    told = json.loads(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert len(told["machines"]) + told["leftOut"] == count
    assert told["machines"] == json.loads(whole.model_dump_json(exclude_none=True))["machines"][: len(told["machines"])]
    assert sum(told["counts"].values()) == count


def test_a_thousand_machines_leave_room_for_all_that_did_not_end_well() -> None:
    told = json.loads(result_text(run_result(1_000)))
    assert told["leftOut"] > 0
    assert sum(machine["outcome"] == "failed" for machine in told["machines"]) == 10


def test_a_run_result_that_fits_is_not_shortened() -> None:
    assert json.loads(result_text(run_result(50)))["leftOut"] == 0


def test_those_left_out_before_are_counted_on() -> None:
    told = json.loads(result_text(run_result(1_000, left_out=7)))
    assert len(told["machines"]) + told["leftOut"] == 1_007


def test_the_result_given_is_not_changed_by_writing_it() -> None:
    whole = run_result(1_000)
    result_text(whole)
    assert len(whole.machines) == 1_000
    assert whole.left_out == 0


def longest_evidence(sign: str) -> MachineResult:
    """Everything at its longest: 3,500 characters collected, a report of 4 KB, each timing and correlation id."""
    timings = tuple(StageTiming(stage=stage, started_at=datetime.now(UTC), seconds=86_400.123) for stage in Stage)
    return machine_result(
        outcome=Outcome.FAILED,
        failure=Failure.of(FailureCode.GUEST_FAILED, sign * 500, "c" * 36),
        evidence=Evidence(
            level=EvidenceLevel.GUEST_REPORTED,
            guest={"facts": "f" * 4_096},
            notes=("n" * 500,) * 4,
            collected=sign * 3_500,
        ),
        power_state="deallocating",
        timings=timings,
        correlation_ids={step.name: "c" * 36 for step in STEPS},
    )


@pytest.mark.parametrize("sign", ["e", '"', "\\", "\u00e4", "\u20ac", "\U0001f600", "\n", "\u001b", "\0"])
def test_the_longest_evidence_fits_whatever_signs_it_has(sign: str) -> None:
    text = result_text(longest_evidence(sign))
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert MachineResult.model_validate_json(text).evidence == longest_evidence(sign).evidence


def test_a_machine_refused_for_every_reason_at_once_fits() -> None:
    refusals = tuple(Refusal.of(code, "m" * 500) for code in RefusalCode)
    locks = tuple(Refusal.of(RefusalCode.LOCK_IN_THE_WAY, "l" * 200) for _ in range(20))
    result = machine_result(outcome=Outcome.REFUSED, refusals=(*refusals, *locks))
    assert len(json.loads(result_text(result))["refusals"]) == len(RefusalCode) + 20


def test_what_cannot_be_shortened_is_an_error_that_names_its_size() -> None:
    result = machine_result(correlation_ids={"x" * MAX_RESULT_BYTES: ""})
    with pytest.raises(ValueError, match=r"^a machine result of \d+ bytes does not fit a queue message$"):
        result_text(result)
    with pytest.raises(ValueError, match=r"^a run result of \d+ bytes does not fit"):
        result_text(run_result(3, request_id="x" * MAX_RESULT_BYTES))
    with pytest.raises(ValueError, match=r"^a rejected result of \d+ bytes does not fit"):
        result_text(Rejection(message_id="x" * MAX_RESULT_BYTES))


@unhurried
@given(st.integers(0, 60), st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_rejection_fits_and_counts_the_faults_it_leaves_out(count: int, words: str) -> None:
    faults = tuple(Fault(path=f"$.x{index}", message=words + "\u0001" * 200) for index in range(count))
    text = result_text(Rejection(message_id="m1", faults=faults, kept_in="image-requests-rejected"))
    told = json.loads(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert len(told["faults"]) + told["leftOut"] == count


def test_a_result_at_the_bound_fits_a_queue_message_once_it_is_base64() -> None:
    assert (MAX_RESULT_BYTES + 2) // 3 * 4 <= 64 * 1024


def test_the_bound_counts_bytes_and_not_characters() -> None:
    room = MAX_RESULT_BYTES - len(result_text(machine_result(correlation_ids={"": ""})).encode())
    assert len(result_text(machine_result(correlation_ids={"x" * room: ""})).encode()) == MAX_RESULT_BYTES
    for filling in ("x" * (room + 1), "\u20ac" * (room // 3 + 1)):
        with pytest.raises(ValueError, match="does not fit"):
            result_text(machine_result(correlation_ids={filling: ""}))


def test_a_machine_result_on_the_wire() -> None:
    told = json.loads(result_text(machine_result()))
    assert told == {
        "version": 1,
        "kind": "machine",
        "runId": machine_run_id("r" * 48, LONGEST_ID),
        "requestId": "r" * 48,
        "vmId": str(LONGEST_ID),
        "mode": "inPlace",
        "dryRun": False,
        "outcome": "generalized",
        "endedIn": "generalizing",
        "refusals": [],
        "timings": [],
        "prepared": [],
        "made": [],
        "left": [],
        "correlationIds": {},
        "caveat": CAVEAT,
        "leftOut": 0,
    }


def test_what_scripts_said_is_left_out_where_there_is_no_room_for_it() -> None:
    said = tuple(PreparedScript(script="s", sha256="0" * 64, exit_code=0, output="\u20ac" * 1_000) for _ in range(20))
    told = MachineResult.model_validate_json(result_text(machine_result(prepared=said)))
    assert len(told.prepared) == 20
    assert {script.output for script in told.prepared} == {LEFT_OUT}
    assert MachineResult.model_validate_json(result_text(machine_result(prepared=said[:3]))).prepared == said[:3]


def fullest(sign: str) -> MachineResult:
    """Everything at its most: 50 regions told of and dropped, 64 data disks left, hundreds of versions kept."""
    region = [
        RegionState(name=f"{'r' * 37}{number:03}", state="Replicating", progress=99, details=sign * 2_000)
        for number in range(100)
    ]
    names = tuple(f"{2**31 - 1}.{2**31 - 1}.{number}" for number in range(1_000))
    identity = GuestIdentity(host_name="h" * 64, identity=sign * 64, users=(sign * 100,) * 50, logs=(sign * 300,) * 50)
    image = PublishedImage(
        id=str(LONGEST_ID), regions=tuple(region[:50]), dropped_regions=tuple(region[50:]),
        verified=Verified(passed=False, identity=identity, faults=(sign * 1_000,) * 10),
        retired=Retired(dry_run=False, deleted=names, kept=dict.fromkeys(names, sign * 500)),
    )  # fmt: skip
    output = PreparedScript(script="s" * 63, sha256="0" * 64, exit_code=1, output=sign * 1_000)
    left = tuple(Left(kind=Kind.DISK, id=f"{LONGEST_ID}{number}", why=sign * 500) for number in range(140))
    evidence = Evidence(guest={"facts": "f" * 4_096}, notes=(sign * 500,) * 100, collected=sign * 3_500)
    more = {"image": image, "prepared": (output,) * 20, "left": left, "evidence": evidence, "made": (sign * 300,) * 200}
    return longest_evidence(sign).model_copy(update=more)


@pytest.mark.parametrize("sign", ["e", '"', "\U0001f600", "\0"])
def test_everything_at_its_most_fits_and_says_what_it_leaves_out(sign: str) -> None:
    whole = fullest(sign)
    told = MachineResult.model_validate_json(result_text(whole))
    assert told.image is not None
    assert told.image.verified is not None
    assert told.image.verified.faults
    assert {region.details for region in (*told.image.regions, *told.image.dropped_regions)} == {LEFT_OUT}
    assert {script.output for script in told.prepared} == {LEFT_OUT}
    assert told.left_out > 1_000
    assert (told.vm_id, told.outcome, told.caveat) == (whole.vm_id, whole.outcome, CAVEAT)
    assert told.failure is not None
    assert told.failure.code is FailureCode.GUEST_FAILED


def test_what_regions_told_goes_before_notes_and_faults_are_cut_and_no_more_than_is_needed() -> None:
    regions = tuple(RegionState(name=f"r{number}", state="Failed", details="d" * 500) for number in range(50))
    verified = Verified(passed=False, faults=("f" * 400,) * 10)
    image = PublishedImage(id="/i", regions=regions, dropped_regions=regions, verified=verified)
    told = MachineResult.model_validate_json(result_text(machine_result(image=image)))
    assert told.image is not None
    assert told.image.regions[0].details == LEFT_OUT
    assert told.image.dropped_regions == regions
    assert told.image.verified == verified
    cut = image.model_copy(update={"verified": Verified(passed=False, faults=("f" * 4_000,) * 12)})
    told = MachineResult.model_validate_json(result_text(machine_result(image=cut)))
    assert told.image is not None
    assert told.image.verified == Verified(passed=False, faults=(f"{'f' * 197}...",) * 12)
    assert (len(told.image.dropped_regions), told.left_out) == (50, 0)


def test_microsofts_caveat_stands_in_every_machine_result() -> None:
    assert "does not guarantee that the image is cleared of all sensitive information" in CAVEAT
    assert all(machine_result(outcome=outcome).caveat == CAVEAT for outcome in Outcome)


def test_every_outcome_is_an_end_of_the_stages() -> None:
    assert set(STAGE_OF_OUTCOME) == set(Outcome)
    assert all(not TRANSITIONS[stage] for stage in STAGE_OF_OUTCOME.values())
    assert set(STAGE_OF_OUTCOME.values()) == {stage for stage in Stage if not TRANSITIONS[stage]}


@pytest.mark.parametrize("result", [machine_result(), longest_evidence("e"), run_result(3), Rejection(message_id="m1")])
def test_a_result_is_read_back_as_it_was_written(result: MachineResult | RunResult | Rejection) -> None:
    assert type(result).model_validate_json(result_text(result)) == result


def test_a_newer_app_may_say_more() -> None:
    told = {**json.loads(result_text(machine_result())), "somethingNew": 1}
    assert MachineResult.model_validate(told) == machine_result()
