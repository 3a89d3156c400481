"""Disks and snapshots through the unmodified SDK: copies, inherited properties, and refusals."""

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import REGION, attached, copy_body, disk_id, finish, make_copy, os_disk_id, snapshot_id
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, Sdk, code_of

OTHER = "99999999-2222-3333-4444-555555555555"
PLAN = {"name": "p", "publisher": "acme", "product": "os"}


async def test_every_vm_of_the_fleet_has_real_disks(simulator: Simulator, client: Sdk):
    spec = VmSpec(
        "rich1",
        zones=("2",),
        security_type="TrustedLaunch",
        disk_encryption_set="des1",
        os_disk_sku="StandardSSD_LRS",
        os_disk_gb=64,
        data_disks=2,
        data_disk_skus=("UltraSSD_LRS",),
        shared_data_disk=True,
        plan=PLAN,
    )
    vm = simulator.add_vm(spec)
    disk = await client.disks.get(GROUP, vm.os_disk)
    assert (disk.disk_state, disk.managed_by, disk.sku.name) == ("Attached", vm.id, "StandardSSD_LRS")
    assert (disk.disk_size_gb, disk.zones, disk.hyper_v_generation) == (64, ["2"], "V2")
    assert disk.security_profile.security_type == "TrustedLaunch"
    assert disk.purchase_plan.product == "os"
    assert disk.encryption.disk_encryption_set_id.endswith("/diskEncryptionSets/des1")
    shared = await client.disks.get(GROUP, "rich1_data0")
    assert (shared.max_shares, shared.sku.name) == (2, "UltraSSD_LRS")
    assert (await client.disks.get(GROUP, "rich1_data1")).sku.name == "Premium_LRS"
    names = {found.name async for found in client.disks.list_by_resource_group(GROUP)}
    assert {vm.os_disk, "rich1_data0", "rich1_data1"} <= names
    assert vm.os_disk in {found.name async for found in client.disks.list()}
    assert (await client.disks.get(GROUP, simulator.vm("dealloc1").os_disk)).disk_state == "Reserved"
    vm_resource = await client.virtual_machines.get(GROUP, "rich1")
    assert vm_resource.plan.publisher == "acme"


async def test_a_copy_of_a_copy_inherits_the_properties_of_the_disk(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_vm(VmSpec("rich1", security_type="TrustedLaunch", disk_encryption_set="des1", plan=PLAN))
    await make_copy(client, clock, simulator, "rich1")
    snapshot = await client.snapshots.get(GROUP, "copy1-snap")
    assert (snapshot.provisioning_state, snapshot.completion_percent, snapshot.incremental) == ("Succeeded", 100, True)
    disk = await client.disks.get(GROUP, "copy1")
    assert (disk.os_type, disk.hyper_v_generation, disk.disk_size_gb) == ("Linux", "V2", 30)
    assert (disk.disk_state, disk.managed_by, disk.tags) == ("Unattached", None, {"run": "r1"})
    assert disk.security_profile.security_type == "TrustedLaunch"
    assert disk.encryption.disk_encryption_set_id.endswith("/diskEncryptionSets/des1")
    assert disk.purchase_plan.name == "p"
    held = simulator.world.store.require(disk_id("copy1"))
    assert held.content is not None
    assert held.content.system == "Linux"
    assert [trace.id for trace in simulator.world.resource] == [snapshot_id("copy1-snap"), disk_id("copy1")]
    assert simulator.world.tagged("RUN", "r1") == [snapshot_id("copy1-snap"), disk_id("copy1")]


async def test_the_first_answer_is_as_recorded(simulator: Simulator, raw: Raw, clock: SteppedClock):
    answer = await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1"), incremental=True))
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (202, "Updating")
    for header in ("Azure-AsyncOperation", "Location"):
        assert f"/locations/{REGION}/DiskOperations/" in answer.headers[header]
    assert "HighCostSnapshotCreateHydrate3Min;999" in answer.headers["x-ms-ratelimit-remaining-resource"]
    assert "HighCostSnapshotCreateHydrate30Min;7999" in answer.headers["x-ms-ratelimit-remaining-resource"]
    assert (await raw("GET", answer.headers["Location"])).status == 202
    early = await raw("PUT", disk_id("d1"), copy_body(snapshot_id("s1")))
    assert early.refusal == (409, "OperationNotAllowed")
    await clock.advance(3)
    status = (await raw("GET", answer.headers["Azure-AsyncOperation"])).body
    assert (status["status"], status["properties"]["output"]["name"]) == ("Succeeded", "s1")
    assert (await raw("GET", answer.headers["Location"])).body["properties"]["provisioningState"] == "Succeeded"
    elsewhere = answer.headers["Location"].replace("DiskOperations", "capsOperations")
    assert (await raw("GET", elsewhere)).status == 404


async def test_a_snapshot_has_the_content_of_the_moment_of_the_request(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    vm = simulator.vm("stopped1")
    await make_copy(client, clock, simulator, "stopped1")
    frozen = simulator.world.store.require(disk_id("copy1")).content
    assert frozen is not None
    assert not frozen.deprovisioned
    assert vm.guest.freeze() == frozen


#: A body ("OS" stands for an OS disk's id), the refusal's status and code, and a part of its message.
REFUSED: tuple[tuple[dict[str, Any], int, str, str], ...] = (
    (copy_body(disk_id("nobody")), 404, "ResourceNotFound", "nobody"),
    (copy_body("OS", location="northeurope"), 400, "InvalidParameter", "different from the region"),
    (copy_body("OS", hyperVGeneration="V1"), 400, "InvalidParameter", "hyperVGeneration"),
    (copy_body("OS", osType="Windows"), 400, "InvalidParameter", "osType"),
    (copy_body("OS", diskSizeGB=8), 400, "InvalidParameter", "30 GB"),
    (copy_body("OS", diskSizeGB=0), 400, "InvalidParameter", "out of range"),
    (copy_body("OS", maxShares=11), 400, "InvalidParameter", "maxShares"),
    (copy_body("OS", networkAccessPolicy="Deny"), 400, "InvalidParameter", "networkAccessPolicy"),
    (copy_body("OS", sku={"name": "Gold_LRS"}), 400, "InvalidParameter", "Gold_LRS"),
    (copy_body("OS", zones=["9"]), 400, "InvalidAvailabilityZone", "9"),
    (copy_body("OS", colour="red"), 400, "BadRequest", "colour"),
    (copy_body("OS", encryption={"diskEncryptionSetId": disk_id("x")}), 404, "ResourceNotFound", "x"),
    (copy_body("OS", encryption={"diskEncryptionSetId": "OS"}), 400, "InvalidParameter", "encryption set"),
    ({"location": REGION, "properties": {"creationData": {"createOption": "Empty"}}}, 400, "InvalidParameter", "GB"),
    ({"location": REGION, "properties": {"creationData": {"createOption": "Copy"}}}, 400, "InvalidParameter", "source"),
    ({"location": REGION, "properties": {"creationData": {"createOption": "Upload"}}}, 400, "InvalidParameter", "Up"),
    ({"properties": {"creationData": {"createOption": "Empty"}}}, 400, "LocationRequired", "location"),
)  # fmt: skip


async def test_a_disk_that_cannot_be_created_is_refused(simulator: Simulator, raw: Raw):
    source = os_disk_id(simulator, "linux1")
    for body, status, code, says in REFUSED:
        answer = await raw("PUT", disk_id("d1"), json.loads(json.dumps(body).replace('"OS"', f'"{source}"')))
        assert answer.refusal == (status, code), body
        assert says in answer.body["error"]["message"]
    assert simulator.world.resource == []


async def test_an_incremental_snapshot_is_in_its_disks_subscription(simulator: Simulator, raw: Raw):
    """Documented: incremental snapshots of a disk cannot be created outside of that disk's subscription."""
    there = snapshot_id("s1").replace(SUBSCRIPTION, OTHER)
    simulator.world.add_group(there.partition("/providers/")[0])
    source = os_disk_id(simulator, "linux1")
    refused = await raw("PUT", there, copy_body(source, incremental=True))
    assert refused.refusal == (400, "InvalidParameter")
    assert "must be in the disk's subscription" in refused.body["error"]["message"]
    assert (await raw("PUT", there, copy_body(source))).status == 202, "a full snapshot may be anywhere"
    elsewhere = snapshot_id("s1").replace("golden-rg", "other-rg")
    simulator.world.add_group(elsewhere.partition("/providers/")[0])
    assert (await raw("PUT", elsewhere, copy_body(source, incremental=True))).status == 202


async def test_a_disk_encryption_set_is_used_in_its_own_subscription_only(simulator: Simulator, raw: Raw):
    keyed = simulator.add_vm(VmSpec("keyed1", disk_encryption_set="keys"))
    there = disk_id("d1").replace(SUBSCRIPTION, OTHER)
    simulator.world.add_group(there.partition("/providers/")[0])
    for target, wanted in ((there, (400, "InvalidParameter")), (disk_id("d1"), (202, ""))):
        empty = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
        encrypted = {**empty, "encryption": {"diskEncryptionSetId": keyed.spec.encryption_set_id}}
        assert (await raw("PUT", target, {"location": REGION, "properties": encrypted})).refusal == wanted


async def test_a_fast_disk_has_only_incremental_snapshots(simulator: Simulator, raw: Raw):
    simulator.add_vm(VmSpec("fast1", data_disks=1, data_disk_skus=("UltraSSD_LRS",)))
    for body, status in (
        (copy_body(disk_id("fast1_data0")), 400),
        (copy_body(disk_id("fast1_data0"), incremental=True), 202),
    ):
        assert (await raw("PUT", snapshot_id("s1"), body)).status == status


async def test_a_copy_needs_a_permission_on_its_source(
    simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw
):
    await make_copy(client, clock, simulator)
    disk, snapshot = os_disk_id(simulator, "linux1"), snapshot_id("copy1-snap")
    for path, source, written, kind in (
        (snapshot_id("s1"), disk, "snapshots", "disks"),
        (disk_id("d1"), disk, "disks", "disks"),
        (disk_id("d1"), snapshot, "disks", "snapshots"),
    ):
        needed = f"Microsoft.Compute/{kind}/beginGetAccess/action"
        simulator.role = Role(("*",), (needed,))
        answer = await raw("PUT", path, copy_body(source))
        assert answer.refusal == (403, "LinkedAuthorizationFailed")
        message = answer.body["error"]["message"]
        assert f"has permission to perform action 'Microsoft.Compute/{written}/write' on scope '{path}'" in message
        assert f"does not have permission to perform action(s) '{needed}' on the linked scope(s) '{source}'" in message


async def test_an_attached_disk_cannot_be_deleted_and_a_free_one_can(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    vm = simulator.vm("linux1")
    with pytest.raises(ResourceExistsError) as refused:
        await client.disks.begin_delete(GROUP, vm.os_disk)
    assert code_of(refused) == "OperationNotAllowed"
    assert f"Disk {vm.os_disk} is attached to VM {vm.id}" in str(refused.value)
    await make_copy(client, clock, simulator)
    await finish(clock, client.disks.begin_delete(GROUP, "copy1"))
    await finish(clock, client.snapshots.begin_delete(GROUP, "copy1-snap"))
    await finish(clock, client.snapshots.begin_delete(GROUP, "copy1-snap"))
    with pytest.raises(ResourceNotFoundError):
        await client.disks.get(GROUP, "copy1")
    assert [trace.id for trace in simulator.world.deleted] == [disk_id("copy1"), snapshot_id("copy1-snap")]


async def test_the_network_access_of_a_disk_can_be_changed_later(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    shut: dict[str, Any] = {"properties": {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}}
    for operations, name in ((client.disks, "copy1"), (client.snapshots, "copy1-snap")):
        open_to_all = await operations.get(GROUP, name)
        assert (open_to_all.network_access_policy, open_to_all.public_network_access) == ("AllowAll", "Enabled")
        changed = await finish(clock, operations.begin_update(GROUP, name, shut))
        assert (changed.network_access_policy, changed.public_network_access) == ("DenyAll", "Disabled")
    shut["properties"]["publicNetworkAccess"] = "No"
    with pytest.raises(HttpResponseError, match="publicNetworkAccess"):
        await client.disks.begin_update(GROUP, "copy1", shut)


async def test_only_tags_can_be_changed_later(simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw):
    await make_copy(client, clock, simulator)
    tagged = await finish(clock, client.disks.begin_update(GROUP, "copy1", {"tags": {"kept": "yes"}}))
    assert tagged.tags == {"kept": "yes"}
    tagged = await finish(clock, client.snapshots.begin_update(GROUP, "copy1-snap", {"tags": {"kept": "yes"}}))
    assert (tagged.tags, tagged.completion_percent) == ({"kept": "yes"}, 100)
    again = copy_body(snapshot_id("copy1-snap"), tags={"run": "r2"}, sku={"name": "Premium_LRS"})
    assert (await finish(clock, client.disks.begin_create_or_update(GROUP, "copy1", again))).tags == {"run": "r2"}
    for changed in (
        copy_body(os_disk_id(simulator, "linux1")),
        copy_body(snapshot_id("copy1-snap"), diskSizeGB=99),
        copy_body(snapshot_id("copy1-snap"), sku={"name": "Standard_LRS"}),
    ):
        answer = await raw("PUT", disk_id("copy1"), changed)
        assert answer.refusal == (409, "PropertyChangeNotAllowed")
    moved = copy_body(snapshot_id("copy1-snap"), location="northeurope")
    assert (await raw("PUT", disk_id("copy1"), moved)).body["error"]["code"] == "InvalidResourceLocation"


async def test_the_same_put_during_the_creation_starts_no_second_operation(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    body = copy_body(os_disk_id(simulator, "linux1"), incremental=True)
    first, second = [await raw("PUT", snapshot_id("s1"), body) for _ in range(2)]
    assert first.headers["x-ms-request-id"] == second.headers["x-ms-request-id"]
    await clock.advance(3)
    assert (await raw("GET", first.headers["Azure-AsyncOperation"])).body["status"] == "Succeeded"
    assert len(simulator.world.resource) == 1


async def test_a_fresh_copy_is_not_listed_at_once(simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw):
    await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1"), incremental=True))
    assert (await client.snapshots.get(GROUP, "s1")).name == "s1"
    assert [found.name async for found in client.snapshots.list_by_resource_group(GROUP)] == []
    await clock.advance(15)
    assert [found.name async for found in client.snapshots.list()] == ["s1"]


async def test_an_empty_disk_and_the_encryption_set_are_there(
    simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw
):
    simulator.add_vm(VmSpec("rich1", disk_encryption_set="des1"))
    set_id = simulator.vm("rich1").spec.encryption_set_id
    assert (await raw("GET", set_id)).body["type"] == "Microsoft.Compute/diskEncryptionSets"
    creation = {"createOption": "Empty"}
    body = {
        "location": REGION,
        "properties": {"creationData": creation, "diskSizeGB": 4, "encryption": {"diskEncryptionSetId": set_id}},
    }
    disk = await finish(clock, client.disks.begin_create_or_update(GROUP, "empty1", body))
    assert disk.encryption.type == "EncryptionAtRestWithCustomerKey"
    with pytest.raises(HttpResponseError):
        await client.virtual_machines.begin_create_or_update(GROUP, "x1", {"properties": attached("empty1")})
