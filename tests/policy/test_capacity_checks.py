"""Can the temporary VMs of a run be created: each doubt is a refusal that names the size and what is in the way."""

from typing import Any

import pytest

from contracts.capacity import ALL_CORES, ALL_VMS, Candidate, CapacityFacts, Quota
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import DiskFacts, VmShape
from policy.capacity_checks import WantedVm, check_architecture, check_capacity
from tests.support.capacity import quotas, size_facts
from tests.support.fake_resources import shape

SIZE, OTHER = "Standard_D2s_v5", "Standard_D4s_v5"


def wanted(*sizes: str, of: VmShape | None = None, **more: Any) -> WantedVm:
    of = of or shape()
    return WantedVm("clone", sizes or (SIZE,), of, (of.os_disk, *of.data_disks) if of.os_disk else (), **more)


def facts(*sizes: Any, quota: Any = ()) -> CapacityFacts:
    return CapacityFacts(sizes=sizes or (size_facts(),), quotas=quota or quotas())


def check(vm: WantedVm, found: CapacityFacts) -> tuple[list[RefusalCode], tuple[Candidate, ...]]:
    refusals, ways = check_capacity([vm], found, "westeurope")
    return [refusal.code for refusal in refusals], ways[0]


def why(vm: WantedVm, found: CapacityFacts) -> str:
    refusals, _ = check_capacity([vm], found, "westeurope")
    return " / ".join(refusal.message for refusal in refusals)


def disk(**more: Any) -> DiskFacts:
    values = {"id": "/d", "location": "westeurope", "sku": "Premium_LRS", "size_gb": 30, "generation": "V2"}
    return DiskFacts.model_validate({**values, **more})


def test_a_size_with_room_is_the_way() -> None:
    assert check(wanted(), facts()) == ([], (Candidate(size=SIZE),))


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (facts(size_facts(restricted="NotAvailableForSubscription")), "NotAvailableForSubscription"),
        (facts(size_facts(OTHER)), "has no size Standard_D2s_v5"),
        (facts(quota=(Quota(name=ALL_CORES, limit=10, used=9),)), "quota cores of the region: 9 of 10 used, 2 more"),
        (facts(quota=(Quota(name="F", limit=1, used=0),)), "quota F"),
        (facts(quota=(Quota(name=ALL_VMS, limit=5, used=5),)), "quota virtualMachines"),
    ],
    ids=["restricted", "unknown", "cores", "family", "vms"],
)
def test_what_the_region_does_not_have_is_a_refusal(found: CapacityFacts, named: str) -> None:
    assert check(wanted(), found) == ([RefusalCode.CAPACITY_UNAVAILABLE], ())
    assert named in why(wanted(), found)


@pytest.mark.parametrize(
    ("size", "of", "named"),
    [
        (size_facts(architecture="Arm64"), shape(os_disk=disk(architecture="x64")), "the disk is for x64"),
        (size_facts(generations=("V1",)), shape(), "generation V2"),
        (size_facts(controllers=("NVMe",)), shape(), "the VM's is SCSI"),
        (size_facts(), shape(disk_controller="NVMe"), "the VM's is NVMe"),
        (size_facts(trusted_launch=False), shape(security_type="TrustedLaunch"), "trusted launch"),
        (size_facts(encryption_at_host=False), shape(encryption_at_host=True), "encryption at host"),
        (size_facts(premium_disks=False), shape(), "premium disks"),
        (size_facts(most_data_disks=0), shape(data_disks=(disk(lun=0),)), "takes 0 data disks, the VM has 1"),
    ],
)
def test_a_size_that_does_not_fit_the_vm_is_a_refusal(size: Any, of: VmShape, named: str) -> None:
    assert check(wanted(of=of), facts(size)) == ([RefusalCode.SIZE_UNFIT], ())
    assert named in why(wanted(of=of), facts(size))


def test_the_next_size_is_a_way_and_then_nothing_is_refused() -> None:
    found = facts(size_facts(restricted="QuotaId"), size_facts(OTHER))
    assert check(wanted(SIZE, OTHER), found) == ([], (Candidate(size=OTHER),))


def test_a_vm_in_a_zone_is_created_there_and_outside_of_it_only_if_allowed() -> None:
    zonal = shape(zones=("2",))
    found = facts(size_facts(zones=("1",)), size_facts(OTHER))
    assert check(wanted(of=zonal), found) == ([RefusalCode.CAPACITY_UNAVAILABLE], ())
    assert "zone 2 of westeurope (offered in: 1)" in why(wanted(of=zonal), found)
    assert check(wanted(of=zonal, without_zone=True), found)[1] == (Candidate(size=SIZE),)
    ways = check(wanted(SIZE, OTHER, of=zonal, without_zone=True), found)[1]
    assert [str(way) for way in ways] == [f"{OTHER} in zone 2", SIZE, OTHER]


def test_two_vms_of_one_run_share_the_quotas() -> None:
    found = facts(quota=(Quota(name=ALL_CORES, limit=10, used=7),))
    refusals, ways = check_capacity([wanted(), wanted()], found, "westeurope")
    assert [refusal.code for refusal in refusals] == [RefusalCode.CAPACITY_UNAVAILABLE]
    assert [bool(way) for way in ways] == [True, False]


@pytest.mark.parametrize("unread", [{"sizes": None}, {"quotas": None}])
def test_what_cannot_be_read_is_a_refusal(unread: dict[str, Any]) -> None:
    assert check(wanted(), facts().model_copy(update=unread)) == ([RefusalCode.CAPACITY_UNREADABLE], ())


@pytest.mark.parametrize(
    ("name", "found", "os_disk", "arm"),
    [
        (SIZE, facts(), None, False),
        (SIZE, facts(size_facts(architecture="Arm64")), None, True),
        ("Standard_D2ps_v5", facts(), None, True),
        ("Standard_D2ps_v5", CapacityFacts(), disk(architecture="x64"), False),
        ("Standard_X9", CapacityFacts(), disk(architecture="Arm64"), True),
        ("Standard_E4-2ps_v5", CapacityFacts(), None, True),
        ("Standard_NP10s", CapacityFacts(), None, False),
        ("Basic_A1", CapacityFacts(), None, False),
    ],
)
def test_arm64_is_refused_unless_the_request_tries_it(
    name: str, found: CapacityFacts, os_disk: DiskFacts | None, arm: bool
) -> None:
    def codes(*, allowed: bool) -> list[Refusal]:
        return [*check_architecture(name, found, os_disk, allowed=allowed)]

    expected = [RefusalCode.ARCHITECTURE_NOT_SUPPORTED] if arm else []
    assert [refusal.code for refusal in codes(allowed=False)] == expected
    assert codes(allowed=True) == []
