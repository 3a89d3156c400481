"""For some seconds after a resource was deleted, the resource above it cannot be deleted."""

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.bodies import (
    attached,
    disk_id,
    finish,
    make_copy,
    make_network,
    nic_id,
    nsg_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import GROUP, Raw, Reply, Sdk


async def deleted(raw: Raw, clock: SteppedClock, path: str) -> Reply:
    """The answer to DELETE; at most a second has passed since the resource was gone."""
    answer = await raw("DELETE", path)
    for _ in range(35):
        if (await raw("GET", path)).status == 404:
            break
        await clock.advance(1)
    return answer


async def test_a_gallery_counts_its_last_version_and_definition_a_while(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    world = simulator.world
    gallery = world.add_gallery("g1")
    definition = world.add_definition(gallery, "d1")
    version = world.add_version(definition, "1.0.0", simulator.vm("linux1").guest.freeze())
    for child, parent in ((version, definition), (definition, gallery)):
        assert (await deleted(raw, clock, child.id)).status == 202
        refused = await raw("DELETE", parent.id)
        assert refused.refusal == (409, "CannotDeleteResource")
        assert refused.body["error"]["message"] == "Can not delete resource before nested resources are deleted."
        await clock.advance(15)
    assert (await deleted(raw, clock, gallery.id)).status == 202


async def test_a_security_group_is_in_use_a_while_after_its_interface(raw: Raw, clock: SteppedClock):
    await make_network(raw, clock)
    assert (await deleted(raw, clock, nic_id("nic1"))).status == 202
    assert (await raw("DELETE", nsg_id("nsg1"))).refusal == (409, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert "networkInterfaces" not in (await raw("GET", nsg_id("nsg1"))).body["properties"]
    await clock.advance(15)
    assert (await raw("DELETE", nsg_id("nsg1"))).status == 202


async def test_a_disk_is_attached_a_while_after_its_vm(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    body = vm_body(attached(delete="Detach"))
    await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, "new1", body))
    assert (await deleted(raw, clock, vm_id("new1"))).status == 202
    refused = await raw("DELETE", disk_id("copy1"))
    assert refused.refusal == (409, "OperationNotAllowed")
    assert refused.body["error"]["message"] == f"Disk copy1 is attached to VM {vm_id('new1')}."
    await clock.advance(15)
    assert (await client.disks.get(GROUP, "copy1")).disk_state == "Unattached"
    assert (await raw("DELETE", disk_id("copy1"))).status == 202
