"""Resources in several subscriptions and groups of one tenant: what may refer to what, and which rights it needs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.compute.aio import ComputeManagementClient

from emulators.arm import DenyAssignment, Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import attached, copy_body, finish, linux_profile, nic_body, nsg_body, rule, vm_body
from tests.emulators.arm.fleet import SUBSCRIPTION, Raw, Sdk
from tests.emulators.arm.gallery_fleet import SOURCES, version_body

OTHER = "99999999-9999-9999-9999-999999999999"
CLONES = f"/subscriptions/{OTHER}/resourceGroups/clones-rg"
GALLERIES = f"/subscriptions/{OTHER}/resourceGroups/galleries-rg"
COMPUTE, NETWORK = f"{CLONES}/providers/Microsoft.Compute", f"{CLONES}/providers/Microsoft.Network"
VERSION = f"{GALLERIES}/providers/Microsoft.Compute/galleries/shared1/images/linux/versions/1.0.0"


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(vms=SOURCES, clock=clock, emulate_linux=True) as running:
        running.world.add_network(CLONES, "westeurope")
        running.world.add_gallery("shared1", resource_group="galleries-rg", subscription_id=OTHER)
        running.world.add_definition("shared1", "linux")
        yield running


@pytest.fixture
async def other(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sdk]:
    """The SDK client of the other subscription."""
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    trust = str(simulator.ca_file)
    async with (
        ManagedIdentityCredential() as credential,
        ComputeManagementClient(
            credential, OTHER, simulator.endpoint, connection_verify=trust, retry_total=0
        ) as compute,
    ):
        yield compute


def _os_disk(simulator: Simulator) -> str:
    vm = simulator.vm("gold1")
    return f"{vm.spec.group_id}/providers/Microsoft.Compute/disks/{vm.os_disk}"


async def _make_clone(simulator: Simulator, raw: Raw, other: Sdk, clock: SteppedClock) -> dict[str, Any]:
    source = copy_body(_os_disk(simulator))
    await finish(clock, other.snapshots.begin_create_or_update("clones-rg", "s1", source))
    body = copy_body(f"{COMPUTE}/snapshots/s1")
    await finish(clock, other.disks.begin_create_or_update("clones-rg", "copy1", body))
    subnet = f"{NETWORK}/virtualNetworks/vnet-westeurope/subnets/default"
    assert (await raw("PUT", f"{NETWORK}/networkSecurityGroups/nsg1", nsg_body(rule()))).status == 201
    await clock.advance(10)
    nic = nic_body(subnet=subnet)
    nic["properties"]["networkSecurityGroup"] = {"id": f"{NETWORK}/networkSecurityGroups/nsg1"}
    assert (await raw("PUT", f"{NETWORK}/networkInterfaces/nic1", nic)).status == 201
    await clock.advance(10)
    storage = attached()
    storage["osDisk"]["managedDisk"]["id"] = f"{COMPUTE}/disks/copy1"
    vm = vm_body(storage)
    vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"] = f"{NETWORK}/networkInterfaces/nic1"
    return vm


async def test_a_clone_in_another_subscription(simulator: Simulator, raw: Raw, other: Sdk, clock: SteppedClock):
    body = await _make_clone(simulator, raw, other, clock)
    created = await finish(clock, other.virtual_machines.begin_create_or_update("clones-rg", "clone1", body))
    assert (created.provisioning_state, created.id) == ("Succeeded", f"{COMPUTE}/virtualMachines/clone1")
    assert [vm.name async for vm in other.virtual_machines.list_all()] == ["clone1"]
    assert (await raw("GET", "/subscriptions")).body["value"][1]["subscriptionId"] == OTHER


async def test_a_version_of_another_subscription_from_a_vm_here_and_a_vm_there_from_it(
    simulator: Simulator, raw: Raw, other: Sdk, clock: SteppedClock
):
    versions = other.gallery_image_versions
    poller = await versions.begin_create_or_update("galleries-rg", "shared1", "linux", "1.0.0", version_body("gold1"))
    await clock.advance(1600)
    assert (await poller.result()).provisioning_state == "Succeeded"
    vm = await _make_clone(simulator, raw, other, clock)
    vm["properties"]["storageProfile"] = {"imageReference": {"id": VERSION}, "osDisk": {"createOption": "FromImage"}}
    vm["properties"]["storageProfile"]["osDisk"]["deleteOption"] = "Delete"
    vm["properties"]["osProfile"] = linux_profile()
    assert (await raw("PUT", f"{COMPUTE}/virtualMachines/fresh1", vm)).status == 201


_FOREIGN = (
    ("Microsoft.Compute/disks/beginGetAccess/action", f"{COMPUTE}/snapshots/s1", "snapshot"),
    ("Microsoft.Compute/virtualMachines/write", VERSION, "version"),
)


@pytest.mark.parametrize(("needed", "path", "what"), _FOREIGN)
async def test_the_source_needs_rights_in_its_own_subscription(
    simulator: Simulator, raw: Raw, needed: str, path: str, what: str
):
    body = copy_body(_os_disk(simulator)) if what == "snapshot" else version_body("gold1")
    simulator.role = Role(("*",), (), (f"/subscriptions/{OTHER}",))
    answer = await raw("PUT", path, body)
    assert answer.refusal == (403, "LinkedAuthorizationFailed")
    assert f"'{needed}'" in answer.body["error"]["message"]
    simulator.role = Role(("*",), (), (f"/subscriptions/{OTHER}", f"/subscriptions/{SUBSCRIPTION}"))
    simulator.deny(DenyAssignment("locked", f"/subscriptions/{SUBSCRIPTION}", not_actions=()))
    assert (await raw("PUT", path, body)).refusal == (403, "LinkedAuthorizationFailed")


async def test_a_snapshot_in_another_group_of_the_subscription(simulator: Simulator, raw: Raw):
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other-rg"
    path = f"{group}/providers/Microsoft.Compute/snapshots/s1"
    assert (await raw("PUT", path, copy_body(_os_disk(simulator)))).refusal == (404, "ResourceGroupNotFound")
    simulator.world.add_group(group)
    assert (await raw("PUT", path, copy_body(_os_disk(simulator)))).status == 202


async def test_networks_and_disks_of_another_subscription_cannot_be_used(
    simulator: Simulator, raw: Raw, other: Sdk, clock: SteppedClock
):
    body = await _make_clone(simulator, raw, other, clock)
    here = VmSpec("any").group_id
    subnet = f"{NETWORK}/virtualNetworks/vnet-westeurope/subnets/default"
    answer = await raw("PUT", f"{here}/providers/Microsoft.Network/networkInterfaces/nic2", nic_body(subnet=subnet))
    assert answer.refusal == (400, "InvalidResourceReference")
    assert (await raw("PUT", f"{here}/providers/Microsoft.Network/networkInterfaces/nic2", nic_body())).status == 201
    await clock.advance(10)
    vm = f"{here}/providers/Microsoft.Compute/virtualMachines/vm9"
    assert (await raw("PUT", vm, body)).refusal == (400, "InvalidResourceReference")
    nic = f"{here}/providers/Microsoft.Network/networkInterfaces/nic2"
    body["properties"]["networkProfile"]["networkInterfaces"][0]["id"] = nic
    assert (await raw("PUT", vm, body)).refusal == (400, "InvalidParameter")


async def test_an_encryption_set_belongs_to_its_subscription(simulator: Simulator, raw: Raw):
    galleries = simulator.world.galleries
    here = galleries.add_encryption_set("set1", "westeurope").id
    there = galleries.add_encryption_set("set1", "westeurope", resource_group="clones-rg", subscription_id=OTHER).id
    assert (await raw("GET", there)).status == 200
    path = f"{COMPUTE}/snapshots/s1"
    for set_id, refusal in ((here, (400, "InvalidParameter")), (there, (202, ""))):
        encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": set_id}
        answer = await raw("PUT", path, copy_body(_os_disk(simulator), encryption=encryption))
        assert answer.refusal == refusal
        body = version_body("gold1")
        target = body["properties"]["publishingProfile"]["targetRegions"][0]
        target["encryption"] = {"osDiskImage": {"diskEncryptionSetId": set_id}}
        status = (await raw("PUT", VERSION, body)).status
        assert status == (201 if set_id == there else 400)


async def test_the_set_of_a_fleet_vm_can_be_in_another_group(simulator: Simulator, raw: Raw):
    set_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/keys-rg/providers/Microsoft.Compute/diskEncryptionSets/k1"
    simulator.add_vm(VmSpec("secret1", disk_encryption_set=set_id))
    assert (await raw("GET", set_id)).status == 200
