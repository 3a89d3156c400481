"""Whether the machine that answers is the one the run began with."""

import pytest

from contracts.reasons import FailureCode
from policy.identity import same_machine
from tests.support.requests import machine


def test_the_same_machine_is_no_failure() -> None:
    assert same_machine(machine(unique_id="u1"), "u1") is None


def test_no_machine_is_a_failure() -> None:
    failure = same_machine(None, "u1")
    assert failure is not None
    assert failure.code is FailureCode.MACHINE_GONE


@pytest.mark.parametrize("now", ["u2", "", "U1"])
def test_another_machine_under_the_same_name_is_a_failure_that_names_both(now: str) -> None:
    failure = same_machine(machine(unique_id=now), "u1")
    assert failure is not None
    assert failure.code is FailureCode.MACHINE_REPLACED
    assert failure.message == f"the run began with machine u1; now {now} answers"
