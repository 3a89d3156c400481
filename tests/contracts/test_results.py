"""Results: every one fits a queue message, and a shortened one says so."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.catalog import ACTIVITIES
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import GuestIdentity, RegionState
from contracts.ids import VmId, vm_run_id
from contracts.parsing import Fault
from contracts.request import EvidenceLevel, Mode
from contracts.resources import Kind, OrphanedResource
from contracts.results import (
    DISCLAIMER,
    MAX_RESULT_BYTES,
    STAGE_OF_OUTCOME,
    CustomizerResult,
    Evidence,
    Outcome,
    PublishedImage,
    Rejection,
    RetentionResult,
    RunResult,
    StageTiming,
    ValidationResult,
    VmResult,
    VmSummary,
    result_text,
)
from contracts.run import Trigger
from contracts.stages import TRANSITIONS, Stage
from contracts.truncation import OMITTED
from tests.support.requests import vm_id
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

LONGEST_ID = VmId.parse(vm_id("v" * 64).replace("rg-images", "g" * 90))


def vm_result(**more: Any) -> VmResult:
    return VmResult.model_validate(
        {
            "run_id": vm_run_id("r" * 48, LONGEST_ID),
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
    vms = [
        VmSummary(
            vm_id=VmId.parse(f"{LONGEST_ID}"[:-5] + f"{index:05}"),
            run_id="vm-" + "r" * 48 + f"-{index:010}",
            outcome=Outcome.FAILED if index < 10 else Outcome.GENERALIZED,
            code="DeallocatedExternally" if index < 10 else None,
        )
        for index in range(count)
    ]
    return RunResult.model_validate(
        {
            "run_id": "batch-" + "r" * 48,
            "request_id": "r" * 48,
            "trigger": Trigger.HTTP,
            "dry_run": False,
            "counts": {Outcome.FAILED: min(count, 10), Outcome.GENERALIZED: max(count - 10, 0)},
            "vms": vms,
            **more,
        }
    )


@pytest.mark.parametrize("count", [0, 1, 100, 250, 1_000])
def test_a_run_result_fits_and_counts_what_it_omits(count: int) -> None:
    succeeded = run_result(count)
    text = result_text(succeeded)
    reported = json.loads(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert len(reported["vms"]) + reported["truncated"] == count
    assert reported["vms"] == json.loads(succeeded.model_dump_json(exclude_none=True))["vms"][: len(reported["vms"])]
    assert sum(reported["counts"].values()) == count


def test_a_result_of_a_thousand_vms_lists_all_that_did_not_succeed() -> None:
    reported = json.loads(result_text(run_result(1_000)))
    assert reported["truncated"] > 0
    assert sum(vm["outcome"] == "failed" for vm in reported["vms"]) == 10


def test_a_run_result_that_fits_is_not_shortened() -> None:
    assert json.loads(result_text(run_result(50)))["truncated"] == 0


def test_earlier_omissions_are_added_to_the_count() -> None:
    reported = json.loads(result_text(run_result(1_000, truncated=7)))
    assert len(reported["vms"]) + reported["truncated"] == 1_007


def test_writing_a_result_does_not_change_it() -> None:
    succeeded = run_result(1_000)
    result_text(succeeded)
    assert len(succeeded.vms) == 1_000
    assert succeeded.truncated == 0


def longest_evidence(sign: str) -> VmResult:
    """The longest evidence: 3,500 characters collected, a report of 4 KB, each timing and correlation id."""
    timings = tuple(StageTiming(stage=stage, started_at=datetime.now(UTC), seconds=86_400.123) for stage in Stage)
    return vm_result(
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
        correlation_ids={activity.name: "c" * 36 for activity in ACTIVITIES},
    )


@rows("sign", ["e", '"', "\\", "\u00e4", "\u20ac", "\U0001f600", "\n", "\u001b", "\0"])
def test_the_longest_evidence_fits_with_any_characters(sign: str) -> None:
    text = result_text(longest_evidence(sign))
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert VmResult.model_validate_json(text).evidence == longest_evidence(sign).evidence


def test_a_vm_refused_for_every_reason_at_once_fits() -> None:
    refusals = tuple(Refusal.of(code, "m" * 500) for code in RefusalCode)
    locks = tuple(Refusal.of(RefusalCode.RESOURCE_LOCKED, "l" * 200) for _ in range(20))
    result = vm_result(outcome=Outcome.REFUSED, refusals=(*refusals, *locks))
    assert len(json.loads(result_text(result))["refusals"]) == len(RefusalCode) + 20


def test_what_cannot_be_shortened_is_an_error_that_names_its_size() -> None:
    result = vm_result(correlation_ids={"x" * MAX_RESULT_BYTES: ""})
    with pytest.raises(ValueError, match=r"^a vm result of \d+ bytes does not fit a queue message$"):
        result_text(result)
    with pytest.raises(ValueError, match=r"^a run result of \d+ bytes does not fit"):
        result_text(run_result(3, request_id="x" * MAX_RESULT_BYTES))
    with pytest.raises(ValueError, match=r"^a rejected result of \d+ bytes does not fit"):
        result_text(Rejection(message_id="x" * MAX_RESULT_BYTES))


@unhurried
@given(st.integers(0, 60), st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_rejection_fits_and_counts_the_faults_it_omits(count: int, expected: str) -> None:
    faults = tuple(Fault(path=f"$.x{index}", message=expected + "\u0001" * 200) for index in range(count))
    text = result_text(Rejection(message_id="m1", faults=faults, kept_in="image-requests-rejected"))
    reported = json.loads(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert len(reported["faults"]) + reported["truncated"] == count


def test_a_result_at_the_bound_fits_a_queue_message_once_it_is_base64() -> None:
    assert (MAX_RESULT_BYTES + 2) // 3 * 4 <= 64 * 1024


def test_the_bound_counts_bytes_and_not_characters() -> None:
    space = MAX_RESULT_BYTES - len(result_text(vm_result(correlation_ids={"": ""})).encode())
    assert len(result_text(vm_result(correlation_ids={"x" * space: ""})).encode()) == MAX_RESULT_BYTES
    for filling in ("x" * (space + 1), "\u20ac" * (space // 3 + 1)):
        with pytest.raises(ValueError, match="does not fit"):
            result_text(vm_result(correlation_ids={filling: ""}))


def test_a_vm_result_in_json() -> None:
    reported = json.loads(result_text(vm_result()))
    assert reported == {
        "version": 1,
        "kind": "vm",
        "runId": vm_run_id("r" * 48, LONGEST_ID),
        "requestId": "r" * 48,
        "vmId": str(LONGEST_ID),
        "mode": "inPlace",
        "dryRun": False,
        "outcome": "generalized",
        "endedIn": "generalizing",
        "refusals": [],
        "timings": [],
        "customizers": [],
        "createdResources": [],
        "orphanedResources": [],
        "correlationIds": {},
        "disclaimer": DISCLAIMER,
        "truncated": 0,
    }


def test_script_output_is_omitted_if_it_does_not_fit() -> None:
    said = tuple(CustomizerResult(script="s", sha256="0" * 64, exit_code=0, output="\u20ac" * 1_000) for _ in range(20))
    reported = VmResult.model_validate_json(result_text(vm_result(customizers=said)))
    assert len(reported.customizers) == 20
    assert {script.output for script in reported.customizers} == {OMITTED}
    assert VmResult.model_validate_json(result_text(vm_result(customizers=said[:3]))).customizers == said[:3]


def fullest(sign: str) -> VmResult:
    """The largest result: 50 regions replicated and dropped, 64 orphaned data disks, hundreds of versions kept."""
    region = [
        RegionState(name=f"{'r' * 37}{number:03}", state="Replicating", progress=99, details=sign * 2_000)
        for number in range(100)
    ]
    names = tuple(f"{2**31 - 1}.{2**31 - 1}.{number}" for number in range(1_000))
    identity = GuestIdentity(host_name="h" * 64, identity=sign * 64, users=(sign * 100,) * 50, logs=(sign * 300,) * 50)
    image = PublishedImage(
        id=str(LONGEST_ID), regions=tuple(region[:50]), dropped_regions=tuple(region[50:]),
        validation=ValidationResult(passed=False, identity=identity, faults=(sign * 1_000,) * 10),
        retention=RetentionResult(dry_run=False, deleted=names, kept=dict.fromkeys(names, sign * 500)),
    )  # fmt: skip
    output = CustomizerResult(script="s" * 63, sha256="0" * 64, exit_code=1, output=sign * 1_000)
    left = tuple(OrphanedResource(kind=Kind.DISK, id=f"{LONGEST_ID}{number}", why=sign * 500) for number in range(140))
    evidence = Evidence(guest={"facts": "f" * 4_096}, notes=(sign * 500,) * 100, collected=sign * 3_500)
    more = {
        "image": image,
        "customizers": (output,) * 20,
        "orphaned_resources": left,
        "evidence": evidence,
        "created_resources": (sign * 300,) * 200,
    }
    return longest_evidence(sign).model_copy(update=more)


@pytest.mark.parametrize("sign", ["e", '"', "\U0001f600", "\0"])
def test_the_largest_result_fits_and_says_what_it_omits(sign: str) -> None:
    succeeded = fullest(sign)
    reported = VmResult.model_validate_json(result_text(succeeded))
    assert reported.image is not None
    assert reported.image.validation is not None
    assert reported.image.validation.faults
    assert {region.details for region in (*reported.image.regions, *reported.image.dropped_regions)} == {OMITTED}
    assert {script.output for script in reported.customizers} == {OMITTED}
    assert reported.truncated > 1_000
    assert (reported.vm_id, reported.outcome, reported.disclaimer) == (succeeded.vm_id, succeeded.outcome, DISCLAIMER)
    assert reported.failure is not None
    assert reported.failure.code is FailureCode.GUEST_FAILED


def test_region_details_are_omitted_before_notes_and_faults_are_cut() -> None:
    regions = tuple(RegionState(name=f"r{number}", state="Failed", details="d" * 500) for number in range(50))
    validated = ValidationResult(passed=False, faults=("f" * 400,) * 10)
    image = PublishedImage(id="/i", regions=regions, dropped_regions=regions, validation=validated)
    reported = VmResult.model_validate_json(result_text(vm_result(image=image)))
    assert reported.image is not None
    assert reported.image.regions[0].details == OMITTED
    assert reported.image.dropped_regions == regions
    assert reported.image.validation == validated
    cut = image.model_copy(update={"validation": ValidationResult(passed=False, faults=("f" * 4_000,) * 12)})
    reported = VmResult.model_validate_json(result_text(vm_result(image=cut)))
    assert reported.image is not None
    assert reported.image.validation == ValidationResult(passed=False, faults=(f"{'f' * 197}...",) * 12)
    assert (len(reported.image.dropped_regions), reported.truncated) == (50, 0)


def test_microsofts_disclaimer_is_in_every_vm_result() -> None:
    assert "does not guarantee that the image is cleared of all sensitive information" in DISCLAIMER
    assert all(vm_result(outcome=outcome).disclaimer == DISCLAIMER for outcome in Outcome)


def test_every_outcome_has_a_final_stage() -> None:
    assert set(STAGE_OF_OUTCOME) == set(Outcome)
    assert all(not TRANSITIONS[stage] for stage in STAGE_OF_OUTCOME.values())
    assert set(STAGE_OF_OUTCOME.values()) == {stage for stage in Stage if not TRANSITIONS[stage]}


@pytest.mark.parametrize("result", [vm_result(), longest_evidence("e"), run_result(3), Rejection(message_id="m1")])
def test_a_result_is_unchanged_after_serialization(result: VmResult | RunResult | Rejection) -> None:
    assert type(result).model_validate_json(result_text(result)) == result


def test_a_newer_version_may_add_members() -> None:
    reported = {**json.loads(result_text(vm_result())), "somethingNew": 1}
    assert VmResult.model_validate(reported) == vm_result()
