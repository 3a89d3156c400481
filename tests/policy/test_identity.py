"""Whether the machine that answers is the one the run began with."""

import pytest

from contracts.made import APP_TAG, RUN_TAG, made_name
from contracts.reasons import FailureCode
from policy.identity import same_machine
from policy.ownership import made_by_run
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


RUN_ID = "vm-r1-0123456789"
OURS = {APP_TAG: "tests", RUN_TAG: RUN_ID}


def test_a_machine_of_the_run_is_known_by_its_tags_and_its_name() -> None:
    ours = machine(made_name(RUN_ID, "clone"), tags={**OURS, "x": "y"})
    assert made_by_run(ours, RUN_ID, "tests") is None
    loud = machine(made_name(RUN_ID, "clone"), tags={name.upper(): value for name, value in OURS.items()})
    assert made_by_run(loud, RUN_ID, "tests") is None, "the names of tags have no case"


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("vm1", OURS),
        (made_name("another", "clone"), OURS),
        (made_name(RUN_ID, "clone"), {}),
        (made_name(RUN_ID, "clone"), {RUN_TAG: RUN_ID}),
        (made_name(RUN_ID, "clone"), {APP_TAG: "tests"}),
        (made_name(RUN_ID, "clone"), {**OURS, RUN_TAG: "another"}),
        (made_name(RUN_ID, "clone"), {**OURS, APP_TAG: "another"}),
    ],
)
def test_any_other_machine_is_none_of_the_run(name: str, tags: dict[str, str]) -> None:
    failure = made_by_run(machine(name, tags=tags), RUN_ID, "tests")
    assert failure is not None
    assert failure.code is FailureCode.MACHINE_REPLACED
    assert name in failure.message
