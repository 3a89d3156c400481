"""Quotas of a region, the sizes that a subscription may use, and what a size refuses."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import REGION, attached, make_copy, make_network, vm_body, vm_id
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of

FAMILY = "standardDSv5Family"


async def usages(client: Sdk, region: str = REGION) -> dict[str, tuple[int, int, str]]:
    listed = [entry async for entry in client.usage.list(region)]
    return {entry.name.value: (entry.current_value, entry.limit, entry.name.localized_value) for entry in listed}


async def sizes(client: Sdk, region: str = REGION) -> dict[str, Sdk]:
    listed = client.resource_skus.list(filter=f"location eq '{region}'", include_extended_locations="false")
    return {sku.name: sku async for sku in listed if sku.resource_type == "virtualMachines"}


def capabilities(sku: Sdk) -> dict[str, str]:
    return {entry.name: entry.value for entry in sku.capabilities}


def sized(size: str, **more: Any) -> dict[str, Any]:
    return vm_body(attached(), hardwareProfile={"vmSize": size}, **more)


async def test_usages_count_every_vm_of_the_region(simulator: Simulator, client: Sdk):
    simulator.add_vm(VmSpec("burst1", vm_size="Standard_DS3_v2", power="deallocated"))
    simulator.add_vm(VmSpec("far1", vm_size="Standard_D16s_v5", location="northeurope"))
    simulator.world.quota |= {REGION: 100, f"{REGION}/{FAMILY}": 40}
    found = await usages(client)
    fleet = len(simulator.world.vms) - 2
    assert found["cores"] == (2 * fleet + 4, 100, "Total Regional vCPUs")
    assert found[FAMILY] == (2 * fleet, 40, "Standard DSv5 Family vCPUs")
    assert found["standardDSv2Family"][0] == 4
    assert found["virtualMachines"] == (fleet + 1, 25000, "Virtual Machines")
    assert (await usages(client, "North Europe"))[FAMILY][0] == 16


async def test_usages_of_an_unknown_region_are_refused(client: Sdk):
    with pytest.raises(HttpResponseError) as refused:
        await usages(client, "atlantis")
    assert (refused.value.status_code, code_of(refused)) == (400, "NoRegisteredProviderFound")


@pytest.mark.parametrize(
    ("name", "quota"), [(FAMILY, f"{FAMILY} Cores quota"), ("virtualMachines", "Virtual Machines quota")]
)
async def test_a_vm_beyond_a_quota_is_refused(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, name: str, quota: str
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    used = (await usages(client))[name][0]
    assert (await raw("PUT", "/_simulator/quota", {f"West Europe/{name}": used})).status == 200
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.begin_create_or_update(GROUP, "new1", vm_body(attached()))
    assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")
    said = str(refused.value)
    assert f"exceeding approved {quota}. Additional details - Deployment Model: Resource Manager" in said
    assert f"Location: {REGION}, Current Limit: {used}, Current Usage: {used}" in said
    assert "new1" not in {vm.name for vm in simulator.world.vms.values()}
    # Another family has a quota of its own, and a deallocated VM of this one can still be started.
    if name == FAMILY:
        assert (await raw("PUT", vm_id("new1"), sized("Standard_D2as_v5"))).status == 201
    assert (await raw("POST", f"{simulator.vm('dealloc1').id}/start")).status == 202


async def test_skus_say_what_a_size_can_do(client: Sdk):
    found = await sizes(client)
    general, arm, newest, old = (
        found[name] for name in ("Standard_D2s_v5", "Standard_D2ps_v5", "Standard_D4ads_v6", "Standard_D2_v2")
    )
    assert (general.family, general.size, general.locations) == (FAMILY, "D2s_v5", [REGION])
    assert sorted(general.location_info[0].zones) == ["1", "2", "3"]
    assert general.restrictions == []
    shown = capabilities(general)
    assert {name: shown[name] for name in ("vCPUs", "HyperVGenerations", "CpuArchitectureType", "PremiumIO")} == {
        "vCPUs": "2", "HyperVGenerations": "V1,V2", "CpuArchitectureType": "x64", "PremiumIO": "True",
    }  # fmt: skip
    assert "TrustedLaunchDisabled" not in shown
    assert (capabilities(arm)["CpuArchitectureType"], capabilities(arm)["TrustedLaunchDisabled"]) == ("Arm64", "True")
    assert (capabilities(newest)["DiskControllerTypes"], capabilities(newest)["HyperVGenerations"]) == ("NVMe", "V2")
    assert (capabilities(old)["HyperVGenerations"], capabilities(old)["PremiumIO"]) == ("V1", "False")
    assert capabilities(found["Standard_DC2as_v5"])["ConfidentialComputingType"] == "SNP"
    fewer = capabilities(found["Standard_E8-2s_v5"])
    assert (fewer["vCPUs"], fewer["vCPUsAvailable"]) == ("8", "2")
    assert found.keys() == (await sizes(client, "westus")).keys()
    assert (await sizes(client, "westus"))["Standard_D2s_v5"].location_info[0].zones == []


async def test_skus_of_every_region_come_in_one_answer(client: Sdk, raw: Raw):
    listed = [sku async for sku in client.resource_skus.list()]
    assert len({sku.locations[0] for sku in listed}) > 20
    assert {sku.resource_type for sku in listed} == {"virtualMachines", "disks"}
    path = f"/subscriptions/{VmSpec('any').subscription_id}/providers/Microsoft.Compute/skus"
    assert "nextLink" not in (await raw("GET", path)).body
    refused = await raw("GET", f"{path}?api-version=2021-07-01&$filter=family%20eq%20'x'")
    assert refused.refusal == (400, "InvalidFilterInQueryString")


async def test_a_restricted_size_is_listed_as_such_and_cannot_be_created(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    capacity = simulator.world.capacity
    capacity.restrict("Standard_D2s_v5", "West Europe")
    capacity.restrict("Standard_D4s_v5", REGION, zones=("1",), reason="QuotaId")
    found = await sizes(client)
    everywhere, zonal = (found[name].restrictions for name in ("Standard_D2s_v5", "Standard_D4s_v5"))
    assert [entry.type for entry in everywhere] == ["Location", "Zone"]
    assert everywhere[0].restriction_info.locations == [REGION]
    assert everywhere[0].reason_code == "NotAvailableForSubscription"
    assert [(e.type, e.reason_code, e.restriction_info.zones) for e in zonal] == [("Zone", "QuotaId", ["1"])]
    assert (await sizes(client, "northeurope"))["Standard_D2s_v5"].restrictions == []
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    for body in (vm_body(attached()), sized("Standard_D4s_v5", zones=["1"])):
        with pytest.raises(HttpResponseError) as refused:
            await client.virtual_machines.begin_create_or_update(GROUP, "new1", body)
        assert (refused.value.status_code, code_of(refused)) == (409, "SkuNotAvailable")
    assert "is currently not available in location 'westeurope' zones '1'" in str(refused.value)
    assert (await raw("PUT", vm_id("new1"), sized("Standard_D4s_v5"))).status == 201


async def test_a_size_refuses_what_it_cannot_run(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    for body, refusal in (
        (sized("Standard_D2s_v99"), (400, "InvalidParameter")),
        (sized("Standard_D2_v2"), (400, "BadRequest")),
        (sized("Standard_D2_v5"), (400, "InvalidParameter")),
        (sized("Standard_D2s_v5", zones=["1", "2"]), (400, "InvalidParameter")),
        (sized("Standard_D2s_v5", zones=["4"]), (400, "InvalidAvailabilityZone")),
        (sized("standard_d2S_V5"), (201, "")),
    ):
        assert (await raw("PUT", vm_id("new1"), body)).refusal == refusal
    with pytest.raises(ValueError, match="no size"):
        simulator.add_vm(VmSpec("odd1", vm_size="Standard_Q1"))
