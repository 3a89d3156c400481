"""Whether the VM is still the one that the run began with."""

import pytest

from contracts.error_codes import FailureCode
from contracts.resources import resource_name
from contracts.tags import APP_TAG, RUN_TAG
from policy.identity import same_vm
from policy.ownership import created_by_run
from tests.support.requests import vm_state
from tests.support.rows import rows


def test_the_same_vm_is_not_a_failure() -> None:
    assert same_vm(vm_state(unique_id="u1"), "u1") is None


def test_no_vm_is_a_failure() -> None:
    failure = same_vm(None, "u1")
    assert failure is not None
    assert failure.code is FailureCode.VM_DELETED
    assert "moved to another resource group" in failure.message


@pytest.mark.parametrize("now", ["u2", "", "U1"])
def test_another_vm_under_the_same_name_is_a_failure_that_names_both(now: str) -> None:
    failure = same_vm(vm_state(unique_id=now), "u1")
    assert failure is not None
    assert failure.code is FailureCode.VM_REPLACED
    assert failure.message == f"when the run began, the unique id (vmId) was u1; now it is {now}"


RUN_ID = "vm-r1-0123456789"
OURS = {APP_TAG: "tests", RUN_TAG: RUN_ID}


def test_a_vm_of_the_run_is_known_by_its_tags_and_its_name() -> None:
    ours = vm_state(resource_name(RUN_ID, "clone"), tags={**OURS, "x": "y"})
    assert created_by_run(ours, RUN_ID, "tests") is None
    upper_case = vm_state(resource_name(RUN_ID, "clone"), tags={name.upper(): value for name, value in OURS.items()})
    assert created_by_run(upper_case, RUN_ID, "tests") is None, "the names of tags have no case"


@rows(
    ("name", "tags"),
    [
        ("vm1", OURS),
        (resource_name("another", "clone"), OURS),
        (resource_name(RUN_ID, "clone"), {}),
        (resource_name(RUN_ID, "clone"), {RUN_TAG: RUN_ID}),
        (resource_name(RUN_ID, "clone"), {APP_TAG: "tests"}),
        (resource_name(RUN_ID, "clone"), {**OURS, RUN_TAG: "another"}),
        (resource_name(RUN_ID, "clone"), {**OURS, APP_TAG: "another"}),
    ],
)
def test_any_other_vm_does_not_belong_to_the_run(name: str, tags: dict[str, str]) -> None:
    failure = created_by_run(vm_state(name, tags=tags), RUN_ID, "tests")
    assert failure is not None
    assert failure.code is FailureCode.VM_REPLACED
    assert name in failure.message
