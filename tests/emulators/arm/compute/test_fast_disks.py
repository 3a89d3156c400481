"""Ultra disks and Premium SSD v2: data disks in a zone; and encryption sets of another subscription."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import (
    REGION,
    attached,
    copy_body,
    disk_id,
    finish,
    make_copy,
    make_network,
    snapshot_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of

FAST = VmSpec("fast1", zones=("1",), data_disks=2, data_disk_skus=("UltraSSD_LRS", "PremiumV2_LRS"))
OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/keys-rg"


def empty(sku: str, **more: Any) -> dict[str, Any]:
    creation = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 64}
    return {"location": REGION, "sku": {"name": sku}, "properties": creation, **more}


@pytest.mark.parametrize("number", [0, 1])
async def test_a_fast_disk_is_copied_by_an_incremental_snapshot_whose_data_follows(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, number: int
):
    simulator.add_vm(FAST)
    source = disk_id(f"fast1_data{number}")
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source))).refusal == (400, "InvalidParameter")
    assert (await raw("PUT", disk_id("d1"), copy_body(source, zones=["1"]))).refusal == (400, "InvalidParameter")
    begun = client.snapshots.begin_create_or_update(GROUP, "s1", copy_body(source, incremental=True))
    made = await finish(clock, begun, step=2)
    assert (made.provisioning_state, made.completion_percent) == ("Succeeded", 0.0)
    copy = copy_body(snapshot_id("s1"), sku={"name": "Premium_LRS"})
    with pytest.raises(HttpResponseError) as refused:
        await client.disks.begin_create_or_update(GROUP, "d1", copy)
    assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")
    await clock.advance(300)
    assert (await client.snapshots.get(GROUP, "s1")).completion_percent == 100.0
    await finish(clock, client.disks.begin_create_or_update(GROUP, "d1", copy))


@pytest.mark.parametrize("sku", ["UltraSSD_LRS", "PremiumV2_LRS"])
async def test_a_fast_disk_needs_a_zone_and_holds_no_system(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, sku: str
):
    assert (await raw("PUT", disk_id("d1"), empty(sku))).refusal == (400, "InvalidParameter")
    await make_copy(client, clock, simulator)
    system = copy_body(snapshot_id("copy1-snap"), sku={"name": sku}, zones=["1"], osType="Linux")
    assert (await raw("PUT", disk_id("d1"), system)).refusal == (400, "InvalidParameter")
    assert (await raw("PUT", disk_id("d1"), empty(sku, zones=["1"]))).status == 202


async def test_a_vm_with_an_ultra_disk_is_in_a_zone_and_says_so(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(FAST)
    assert (await client.virtual_machines.get(GROUP, "fast1")).additional_capabilities.ultra_ssd_enabled
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    await raw("PUT", disk_id("ultra"), empty("UltraSSD_LRS", zones=["1"]))
    await clock.advance(5)
    data = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk_id("ultra")}}
    for caching, zones, enabled, status in (
        ("None", ["1"], False, 400),
        ("ReadOnly", ["1"], True, 400),
        ("None", [], True, 400),
        ("None", ["1"], True, 201),
    ):
        storage = {**attached(), "dataDisks": [{**data, "caching": caching}]}
        more: dict[str, Any] = {"additionalCapabilities": {"ultraSSDEnabled": enabled}}
        assert (await raw("PUT", vm_id("new1"), vm_body(storage, zones=zones, **more))).status == status


async def test_disks_are_encrypted_by_a_set_of_another_subscription(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    wanted = f"{OTHER}/providers/Microsoft.Compute/diskEncryptionSets/set1"
    simulator.add_vm(VmSpec("secret1", disk_encryption_set=wanted))
    assert (await raw("GET", wanted)).body["location"] == REGION
    await make_copy(client, clock, simulator, "secret1")
    assert (await client.disks.get(GROUP, "copy1")).encryption.disk_encryption_set_id == wanted
