"""Temporary VMs for which Azure has no room: waited for, then tried in another size or outside of the zone."""

from typing import Any

import pytest

from contracts.capacity import CapacityFacts
from contracts.error_codes import FailureCode, RefusalCode
from contracts.polling import Polling
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from tests.orchestrators.golden_image.test_clone import SUBNET, asked, source
from tests.support.capacity import every_size, size_facts
from tests.support.fake_azure import FakeAzure
from tests.support.fake_resources import shape
from tests.support.requests import seldom, settings
from tests.support.running import failure_of, run_vm

SIZE, OTHER = "Standard_D2s_v5", "Standard_D4s_v5"
HALF_AN_HOUR = Polling(initial_delay_seconds=0, interval_seconds=300, timeout_seconds=1_800)
VALIDATED = {"validate": {"subnetId": SUBNET}}


def clone(**more: Any) -> VmJob:
    polling = seldom().model_copy(update={"capacity": HALF_AN_HOUR})
    image = more.pop("image", None)
    return asked(target={"clone": {"subnetId": SUBNET, **more}}, image=image, settings=settings(polling=polling))


def run(job: VmJob, times: dict[str, int], **world: Any) -> tuple[VmResult, FakeAzure]:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.no_capacity = times
        for name, value in world.items():
            setattr(azure, name, value)

    return run_vm(customize, job)


def seconds_in(result: VmResult, stage: Stage) -> float:
    return next(timing.seconds for timing in result.timings if timing.stage is stage)


def test_two_failed_allocations_and_then_room_end_well() -> None:
    result, azure = run(clone(), {SIZE: 2})
    assert result.outcome is Outcome.PUBLISHED, result
    assert [vm.vm_size for vm in azure.created_vms] == [SIZE] * 3
    assert azure.deleted.count("clone") == 3, "a VM that found no room is deleted before it is requested again"
    assert seconds_in(result, Stage.CLONING) >= 2 * 300
    assert result.orphaned_resources == ()
    assert list(azure.resources) == list(result.created_resources)


def test_after_the_deadline_of_a_size_the_next_one_is_tried() -> None:
    result, azure = run(clone(vmSizes=[SIZE, OTHER]), {SIZE: 99, OTHER: 1})
    assert result.outcome is Outcome.PUBLISHED, result
    sizes = [vm.vm_size for vm in azure.created_vms]
    assert sizes.count(SIZE) > 2
    assert sizes == [*[SIZE] * sizes.count(SIZE), OTHER, OTHER]


def test_without_room_in_its_zone_a_clone_is_created_outside_of_it_if_allowed() -> None:
    zonal = shape(zones=("2",))
    tries = len(run(clone(), {SIZE: 99})[1].created_vms)
    result, azure = run(clone(allowWithoutZone=True), {SIZE: tries}, shape=zonal)
    assert result.outcome is Outcome.PUBLISHED, result
    assert [vm.zone for vm in azure.created_vms] == [*["2"] * tries, None]
    assert azure.deleted.count("os-disk") == 2, "a disk of the zone cannot be attached outside of it"

    result, azure = run(clone(), {SIZE: 99}, shape=zonal)
    assert failure_of(result) is FailureCode.CAPACITY_UNAVAILABLE
    assert {vm.zone for vm in azure.created_vms} == {"2"}


def test_no_room_at_all_ends_the_run_and_leaves_nothing() -> None:
    result, azure = run(clone(), {SIZE: 99})
    assert failure_of(result) is FailureCode.CAPACITY_UNAVAILABLE
    assert result.failure is not None
    assert f"in {len(azure.created_vms)} tries (Standard_D2s_v5)" in result.failure.message
    assert len(azure.created_vms) > 2
    assert "AllocationFailed" in result.failure.message
    assert (azure.resources, result.orphaned_resources) == ({}, ())


def test_a_validation_without_room_is_no_failed_validation() -> None:
    validated = clone(image={"validate": {"subnetId": SUBNET, "vmSizes": [OTHER]}})
    result, azure = run(validated, {OTHER: 99})
    assert (result.outcome, result.failure and result.failure.code) == (
        Outcome.NOT_VALIDATED,
        FailureCode.IMAGE_NOT_TESTED,
    )
    assert result.failure is not None
    assert "CapacityUnavailable" in result.failure.message
    assert result.image is not None
    assert azure.excluded[result.image.id] is True
    assert azure.marks["golden-image-validated"] == "notTested"
    assert list(azure.resources) == [result.image.id]


@pytest.mark.parametrize(
    ("capacity", "code"),
    [
        (
            CapacityFacts(sizes=(size_facts(restricted="NotAvailableForSubscription"),), quotas=()),
            "CapacityUnavailable",
        ),
        (every_size(OTHER), "CapacityUnavailable"),
        (CapacityFacts(), "CapacityUnreadable"),
        (CapacityFacts(sizes=(size_facts(generations=("V1",)),), quotas=()), "VmSizeUnfit"),
        (CapacityFacts(sizes=(size_facts(architecture="Arm64"),), quotas=()), "ArchitectureNotSupported"),
    ],
    ids=["restricted", "unknown", "unreadable", "unfit", "arm64"],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_known_before_is_a_refusal_in_both_runs(capacity: CapacityFacts, code: str, *, dry_run: bool) -> None:
    result, azure = run(asked(dry_run=dry_run), {}, capacity=capacity)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode(code)]
    assert azure.resources == {}


def test_arm64_is_tried_if_the_request_says_so() -> None:
    arm = CapacityFacts(sizes=(size_facts(architecture="Arm64"),), quotas=())
    job = asked(target={"deprovision": {"allowArm64": True}})
    result, _ = run(job, {}, capacity=arm)
    assert result.outcome is Outcome.PUBLISHED, result
