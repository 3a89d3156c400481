"""The codes: each has advice, stands once, and is used by the product."""

import re
from collections import Counter
from pathlib import Path

import pytest

from contracts.reasons import WHAT_TO_CHANGE, Failure, FailureCode, Refusal, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage

ROOT = Path(__file__).parents[2]
ROOMS = ("activities", "azure_clients", "orchestrators", "policy", "triggers")
CODES: list[RefusalCode | FailureCode] = [*RefusalCode, *FailureCode]


def product_source() -> str:
    files = [path for room in ROOMS for path in sorted((ROOT / room).glob("**/*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_code_has_advice_and_no_advice_lacks_its_code() -> None:
    assert set(WHAT_TO_CHANGE) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_advice_is_a_plain_sentence(code: RefusalCode | FailureCode) -> None:
    advice = WHAT_TO_CHANGE[code]
    assert advice == " ".join(advice.split())
    assert advice[0].isupper()
    assert advice.endswith(".")
    assert 20 <= len(advice) <= 250


def test_no_two_codes_give_the_same_advice() -> None:
    assert [advice for advice, count in Counter(WHAT_TO_CHANGE.values()).items() if count > 1] == []


def test_a_code_stands_once_over_both_lists() -> None:
    # Also case aside: operators search logs for them.
    assert [code for code, count in Counter(str(code).lower() for code in CODES).items() if count > 1] == []


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_one_word_in_camel_case(code: RefusalCode | FailureCode) -> None:
    assert re.fullmatch(r"(?:[A-Z][a-z]+)+", code)


@pytest.mark.parametrize("code", CODES)
def test_the_product_uses_every_code(code: RefusalCode | FailureCode) -> None:
    member = rf"\b{type(code).__name__}\.{code.name}\b"
    assert re.search(member, product_source()), f"{code.name} is given by nothing: remove it, or use it"


@pytest.mark.parametrize("code", RefusalCode)
def test_a_refusal_carries_the_advice_of_its_code(code: RefusalCode) -> None:
    refusal = Refusal.of(code, "seen")
    assert refusal.model_dump(mode="json") == {
        "code": code.value,
        "message": "seen",
        "whatToChange": WHAT_TO_CHANGE[code],
    }


@pytest.mark.parametrize("code", FailureCode)
def test_a_failure_carries_the_advice_of_its_code_and_the_correlation_id(code: FailureCode) -> None:
    failure = Failure.of(code, "seen", "c-1")
    assert failure.model_dump(mode="json") == {
        "code": code.value,
        "message": "seen",
        "whatToChange": WHAT_TO_CHANGE[code],
        "correlationId": "c-1",
    }


def test_no_code_reads_like_an_outcome_or_a_stage() -> None:
    words = {str(word).lower() for word in (*Outcome, *Stage)} - {"alreadygeneralized"}
    assert words.isdisjoint(str(code).lower() for code in CODES)
