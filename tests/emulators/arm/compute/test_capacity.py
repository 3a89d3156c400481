"""Azure has no room for a VM: at its creation, and at the start of a deallocated one."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock, VmSpec
from emulators.arm.compute.sizes.capacity import ShortageCode
from tests.emulators.arm.bodies import REGION, attached, finish, make_copy, make_network, vm_body, vm_id
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of


def statuses(view: Sdk) -> list[str]:
    return [status.code for status in view.statuses]


async def create(client: Sdk, clock: SteppedClock, **more: Any) -> Sdk:
    begun = client.virtual_machines.begin_create_or_update(GROUP, "new1", vm_body(attached(), **more))
    return await finish(clock, begun)


@pytest.mark.parametrize(
    ("code", "zones"),
    [
        ("AllocationFailed", []),
        ("ZonalAllocationFailed", ["1"]),
        ("OverconstrainedAllocationRequest", []),
        ("OverconstrainedZonalAllocationRequest", ["1"]),
    ],
)
async def test_a_vm_without_room_is_created_and_fails(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, code: ShortageCode, zones: list[str]
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    shortage = simulator.world.capacity.run_out("Standard_D2s_v5", REGION, code=code, times=1)
    with pytest.raises(HttpResponseError) as failed:
        await create(client, clock, zones=zones)
    assert code_of(failed) == code
    assert "Allocation failed." in str(failed.value)
    shown = await client.virtual_machines.get(GROUP, "new1", expand="instanceView")
    assert shown.provisioning_state == "Failed"
    assert statuses(shown.instance_view) == [f"ProvisioningState/failed/{code}", "PowerState/deallocated"]
    assert (shortage.met, shortage.left) == (1, 0)
    # There is room for the same PUT, later.
    assert (await create(client, clock, zones=zones)).provisioning_state == "Succeeded"
    view = await client.virtual_machines.instance_view(GROUP, "new1")
    assert statuses(view) == ["ProvisioningState/succeeded", "PowerState/running"]


async def test_a_vm_whose_creation_failed_can_be_started(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    simulator.world.capacity.run_out(times=1)
    with pytest.raises(HttpResponseError):
        await create(client, clock)
    await finish(clock, client.virtual_machines.begin_start(GROUP, "new1"))
    assert (await client.virtual_machines.get(GROUP, "new1")).provisioning_state == "Succeeded"


async def test_a_deallocated_vm_needs_room_to_start(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.world.capacity.run_out("Standard_D2s_v5", "West Europe")
    for _ in range(2):
        with pytest.raises(HttpResponseError) as failed:
            await finish(clock, client.virtual_machines.begin_start(GROUP, "dealloc1"))
        assert code_of(failed) == "AllocationFailed"
    shown = await client.virtual_machines.get(GROUP, "dealloc1", expand="instanceView")
    assert shown.provisioning_state == "Failed"
    assert statuses(shown.instance_view)[-1] == "PowerState/deallocated"
    # A stopped VM keeps its host.
    await finish(clock, client.virtual_machines.begin_start(GROUP, "stopped1"))
    simulator.world.capacity.come_back()
    await finish(clock, client.virtual_machines.begin_start(GROUP, "dealloc1"))
    assert (await client.virtual_machines.get(GROUP, "dealloc1")).provisioning_state == "Succeeded"


async def test_a_shortage_of_a_zone_or_a_size_leaves_others_alone(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    for zone in ("1", "2"):
        simulator.add_vm(VmSpec(f"zoned{zone}", power="deallocated", zones=(zone,)))
    simulator.add_vm(VmSpec("other1", vm_size="Standard_D2as_v5", power="deallocated"))
    simulator.world.capacity.run_out("Standard_D2s_v5", zone="1")
    for name in ("dealloc1", "zoned2", "other1"):
        await finish(clock, client.virtual_machines.begin_start(GROUP, name))
    with pytest.raises(HttpResponseError) as failed:
        await finish(clock, client.virtual_machines.begin_start(GROUP, "zoned1"))
    assert code_of(failed) == "ZonalAllocationFailed"


async def test_a_size_that_is_not_available_refuses_the_request_itself(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    simulator.world.capacity.run_out(code="SkuNotAvailable", times=2)
    refused = await raw("PUT", vm_id("new1"), vm_body(attached()))
    assert refused.refusal == (409, "SkuNotAvailable")
    assert "Capacity Restrictions: Standard_D2s_v5" in refused.body["error"]["message"]
    assert (await raw("GET", vm_id("new1"))).status == 404
    assert (await raw("POST", f"{vm_id('dealloc1')}/start")).refusal == (409, "SkuNotAvailable")
    assert (await raw("PUT", vm_id("new1"), vm_body(attached()))).status == 201


async def test_the_control_plane_sets_both(raw: Raw, simulator: Simulator):
    restriction = {"size": "standard_d4s_v5", "region": "West Europe", "zones": ["3"], "reason": "QuotaId"}
    shortage = {"region": REGION, "code": "AllocationFailed", "times": 2}
    answer = await raw("PUT", "/_simulator/capacity", {"restrictions": [restriction], "shortages": [shortage]})
    assert answer.body["restrictions"] == [{**restriction, "size": "Standard_D4s_v5", "region": REGION}]
    assert (answer.body["shortages"][0]["left"], answer.body["shortages"][0]["size"]) == (2, "*")
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"shortages": [{"code": "Full"}]}, "AllocationFailed"),
        ({"restrictions": [{"size": "x", "region": REGION}]}, "no size"),
        ({"restrictions": [{"size": "Standard_D2s_v5", "region": REGION, "reason": "why"}]}, "QuotaId"),
        ({"shortage": []}, "shortages"),
    )
    for body, says in wrong:
        refused = await raw("PUT", "/_simulator/capacity", body)
        assert (refused.status, says in refused.body["fault"]) == (400, True)
    assert (await raw("GET", "/_simulator/capacity")).body == answer.body
    assert len(simulator.world.capacity.restrictions) == 1
