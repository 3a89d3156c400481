"""The codes: each has a remediation, is unique, and is used by the product."""

import re
from collections import Counter
from pathlib import Path

from contracts.error_codes import REMEDIATION, Failure, FailureCode, Refusal, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.rows import rows

ROOT = Path(__file__).parents[2]
PACKAGES = ("activities", "azure_clients", "orchestrators", "policy", "triggers")
CODES: list[RefusalCode | FailureCode] = [*RefusalCode, *FailureCode]


def product_source() -> str:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).glob("**/*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_code_has_a_remediation_and_no_other_has_one() -> None:
    assert set(REMEDIATION) == set(CODES)


@rows("code", CODES)
def test_a_remediation_is_a_plain_sentence(code: RefusalCode | FailureCode) -> None:
    advice = REMEDIATION[code]
    assert advice == " ".join(advice.split())
    assert advice[0].isupper()
    assert advice.endswith(".")
    assert 20 <= len(advice) <= 250


def test_no_two_codes_have_the_same_remediation() -> None:
    assert [advice for advice, count in Counter(REMEDIATION.values()).items() if count > 1] == []


def test_a_code_is_unique_in_both_lists() -> None:
    # Also without case: operators search logs for them. No capacity is the same before a run and in it.
    twice = [code for code, count in Counter(str(code).lower() for code in CODES).items() if count > 1]
    assert twice == ["capacityunavailable"]


@rows("code", CODES)
def test_a_code_is_one_word_in_camel_case(code: RefusalCode | FailureCode) -> None:
    assert re.fullmatch(r"(?:[A-Z][a-z]+)+", code)


@rows("code", CODES)
def test_the_product_uses_every_code(code: RefusalCode | FailureCode) -> None:
    member = rf"\b{type(code).__name__}\.{code.name}\b"
    assert re.search(member, product_source()), f"{code.name} is given by nothing: remove it, or use it"


@rows("code", RefusalCode)
def test_a_refusal_has_the_remediation_of_its_code(code: RefusalCode) -> None:
    refusal = Refusal.of(code, "seen")
    assert refusal.model_dump(mode="json") == {
        "code": code.value,
        "message": "seen",
        "remediation": REMEDIATION[code],
    }


@rows("code", FailureCode)
def test_a_failure_has_the_remediation_of_its_code_and_the_correlation_id(code: FailureCode) -> None:
    failure = Failure.of(code, "seen", "c-1")
    assert failure.model_dump(mode="json") == {
        "code": code.value,
        "message": "seen",
        "remediation": REMEDIATION[code],
        "correlationId": "c-1",
    }


def test_no_code_reads_like_an_outcome_or_a_stage() -> None:
    values = {str(value).lower() for value in (*Outcome, *Stage)} - {"alreadygeneralized"}
    assert values.isdisjoint(str(code).lower() for code in CODES)
