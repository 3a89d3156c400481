"""Quota, restricted sizes and regions without room: known before anything is changed, or waited for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.error_codes import FailureCode, RefusalCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from emulators.arm import Fault, Role, VmSpec
from emulators.arm.fleet import Fleet
from policy.rights import READ_CAPACITY
from tests.support.golden import SUBNET, add_definition, clone_job, doubled, standing, version_options, versions
from tests.support.journey import ROLE_FILE, journey, spec
from tests.support.requests import job

SIZE, OTHER = "Standard_D2s_v5", "Standard_D4s_v5"
SOURCE = spec("source", tags={}, power="deallocated")
type Change = Callable[[Fleet], object]


def published() -> VmJob:
    """Return the job of a VM in place whose image is validated."""
    return job("vm1", target={"image": version_options()})


def cloned(**clone: Any) -> VmJob:
    return clone_job("source", image=version_options(), clone={"subnetId": SUBNET, **clone})


def quota_used_up(world: Fleet) -> None:
    world.quota["westeurope"] = world.cores_used("westeurope")


def room_for_one(world: Fleet) -> None:
    world.quota["westeurope"] = world.cores_used("westeurope") + 2


REFUSED: dict[str, tuple[Change, Callable[[], VmJob], RefusalCode, str]] = {
    "quota, in place": (quota_used_up, published, RefusalCode.CAPACITY_UNAVAILABLE, "validate VM: Standard_D2s_v5"),
    "quota, clone": (quota_used_up, cloned, RefusalCode.CAPACITY_UNAVAILABLE, "quota cores"),
    "room for one of two": (room_for_one, cloned, RefusalCode.CAPACITY_UNAVAILABLE, "validate VM"),
    "quota of the family": (
        lambda world: world.quota.update({"westeurope/standardDSv5Family": 1}),
        cloned,
        RefusalCode.CAPACITY_UNAVAILABLE,
        "quota standardDSv5Family of the region: 4 of 1 used",
    ),
    "restricted": (
        lambda world: world.capacity.restrict(SIZE, "westeurope"),
        published,
        RefusalCode.CAPACITY_UNAVAILABLE,
        "NotAvailableForSubscription",
    ),
    "no such size": (
        lambda world: None,
        lambda: cloned(vmSizes=["Standard_D2s_v99"]),
        RefusalCode.CAPACITY_UNAVAILABLE,
        "westeurope has no size Standard_D2s_v99",
    ),
    "another architecture": (
        lambda world: None,
        lambda: cloned(vmSizes=["Standard_D2ps_v5"]),
        RefusalCode.SIZE_UNFIT,
        "the disk is for x64, the size for Arm64",
    ),
}


def both(
    specs: tuple[VmSpec, ...], change: Change, asked: VmJob, role: Role | None = None
) -> tuple[VmResult, VmResult, list[str]]:
    """Return what the dry run and the real run say, and what they changed in Azure."""
    with journey(*specs, role=role, emulate_linux=True) as reported:
        add_definition(reported)
        change(reported.simulator.world)
        dry = reported.report(asked.model_copy(update={"dry_run": True, "run_id": f"{asked.run_id}-dry"}))
        real = reported.report(asked)
        return dry, real, reported.changes()


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_known_before_is_refused_by_both_runs_and_changes_nothing(case: str) -> None:
    change, asked, code, named = REFUSED[case]
    dry, real, changes = both((spec("vm1"), SOURCE), change, asked())
    assert (dry.outcome, real.outcome, changes) == (Outcome.REFUSED, Outcome.REFUSED, [])
    assert dry.refusals == real.refusals
    assert {refusal.code for refusal in real.refusals} == {code}
    assert named in " ".join(refusal.message for refusal in real.refusals)


def test_a_zone_in_which_the_size_is_restricted_is_refused_and_another_size_or_no_zone_is_not() -> None:
    zonal = replace(SOURCE, zones=("2",))

    def restrict(world: Fleet) -> None:
        world.capacity.restrict(SIZE, "westeurope", ("2",))

    dry, real, changes = both((zonal,), restrict, cloned())
    assert (dry.refusals, changes) == (real.refusals, [])
    assert {refusal.code for refusal in real.refusals} == {RefusalCode.CAPACITY_UNAVAILABLE}
    validated = version_options(validate={"subnetId": SUBNET, "allowWithoutZone": True})
    other = clone_job("source", image=validated, clone={"subnetId": SUBNET, "vmSizes": [SIZE, OTHER]})
    with journey(zonal, emulate_linux=True) as reported:
        add_definition(reported)
        restrict(reported.simulator.world)
        result = reported.report(other)
    assert result.outcome is Outcome.PUBLISHED, result


@pytest.mark.parametrize("code", ["AllocationFailed", "OverconstrainedAllocationRequest", "SkuNotAvailable"])
def test_twice_without_room_and_then_with_it_ends_well(code: Any) -> None:
    with journey(SOURCE, emulate_linux=True) as reported:
        add_definition(reported)
        shortage = reported.simulator.world.capacity.run_out(code=code, times=2)
        result = reported.report(cloned())
        left, latest = standing(reported, result), versions(reported)
        again = doubled(reported.simulator.requests())
    assert (result.outcome, shortage.met) == (Outcome.PUBLISHED, 2), result
    assert left == list(result.created_resources) == [latest[0].id]
    assert result.orphaned_resources == ()
    assert [request for request in again if "virtualMachines/" not in request] == [], "only the VM is asked for again"


def test_a_quota_that_is_used_up_meanwhile_is_waited_for() -> None:
    """Preflight saw room; another deployment took it, and gives it back."""
    with journey(SOURCE, emulate_linux=True) as reported:
        add_definition(reported)
        reported.simulator.inject(
            Fault(
                "status",
                method="PUT",
                operation="virtualMachines.createOrUpdate",
                count=2,
                status=409,
                code="OperationNotAllowed",
                message="It results in exceeding approved Total Regional Cores quota.",
            )
        )
        result = reported.report(cloned())
    assert result.outcome is Outcome.PUBLISHED, result
    assert result.orphaned_resources == ()


def test_a_validation_vm_without_room_leaves_the_version_for_later() -> None:
    with journey(spec("vm1"), emulate_linux=True) as reported:
        add_definition(reported)
        reported.simulator.world.capacity.run_out()
        result = reported.report(published())
        vm, (version,) = reported.simulator.vm("vm1"), versions(reported)
        reported.simulator.world.capacity.come_back()
        again = reported.report(published().model_copy(update={"run_id": "vm-r2-0123456789", "request_id": "r2"}))
        asked = vm.requested_count
    assert result.outcome is Outcome.NOT_VALIDATED, result
    assert result.failure is not None
    assert result.failure.code is FailureCode.IMAGE_NOT_TESTED
    assert "CapacityUnavailable: no capacity for a temporary VM" in result.failure.message
    assert version.tags["golden-image-validated"] == "notTested"
    assert result.image is not None
    assert (result.image.excluded_from_latest, result.orphaned_resources) == (True, ())
    assert (again.outcome, asked) == (Outcome.PUBLISHED, 1), "asking again does not deprovision again"


def test_a_vm_on_arm64_is_refused_in_place_and_as_a_clone_unless_the_request_tries_it() -> None:
    arm = {"vm_size": "Standard_D2ps_v5"}
    specs = (spec("vm1", **arm), replace(SOURCE, **arm))
    for asked in (job("vm1"), cloned()):
        dry, real, changes = both(specs, lambda world: None, asked)
        assert dry.refusals == real.refusals
        assert RefusalCode.ARCHITECTURE_NOT_SUPPORTED in {refusal.code for refusal in real.refusals}
        assert changes == []
    tried = job("vm1", target={"deprovision": {"allowArm64": True}})
    with journey(*specs, emulate_linux=True) as reported:
        result = reported.report(tried)
    assert result.outcome is Outcome.GENERALIZED, result


def test_sizes_that_cannot_be_read_are_a_refusal_only_where_a_vm_will_be_created() -> None:
    every = Role.from_file(ROLE_FILE)
    for missing, what in zip(READ_CAPACITY, ("the VM sizes", "the quotas"), strict=True):
        role = replace(every, actions=tuple(action for action in every.actions if action != missing))
        dry, real, changes = both((spec("vm1"), SOURCE), lambda world: None, cloned(), role)
        assert dry.refusals == real.refusals
        assert {refusal.code for refusal in real.refusals} == {RefusalCode.CAPACITY_UNREADABLE}
        assert all(what in refusal.message for refusal in real.refusals)
        assert changes == []
    blind = replace(every, actions=tuple(action for action in every.actions if action not in READ_CAPACITY))
    dry, real, _ = both((spec("vm1"), SOURCE), lambda world: None, job("vm1"), blind)
    assert (dry.outcome, real.outcome) == (Outcome.WOULD_GENERALIZE, Outcome.GENERALIZED)
