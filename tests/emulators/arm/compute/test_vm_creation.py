"""VMs that are created: from a disk and from images, their first boot, and what is deleted with them."""

import random

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulators.arm import Simulator, SteppedClock
from emulators.arm.state.store import DataDiskSource
from tests.emulators.arm.bodies import (
    PASSWORD,
    attached,
    disk_id,
    finish,
    from_image,
    linux_profile,
    make_copy,
    make_network,
    nic_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of
from tests.emulators.arm.images import IMAGE, LATEST, add_image, content
from tests.emulators.arm.scripts import managed


async def test_a_vm_from_a_disk_has_the_sources_identity_and_is_deleted_with_its_resources(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    source = simulator.vm("linux1")
    before = simulator.world.picture(source)
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    vm_resource = await finish(
        clock, client.virtual_machines.begin_create_or_update(GROUP, "clone1", vm_body(attached()))
    )
    assert (vm_resource.provisioning_state, vm_resource.os_profile, vm_resource.tags) == (
        "Succeeded",
        None,
        {"run": "r1"},
    )
    assert vm_resource.storage_profile.os_disk.managed_disk.id == disk_id("copy1")
    await clock.advance(60)
    view = await client.virtual_machines.instance_view(GROUP, "clone1")
    assert [status.code for status in view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert (view.vm_agent.statuses[0].display_status, view.os_name) == ("Ready", "ubuntu")
    assert (await client.disks.get(GROUP, "copy1")).managed_by == vm_id("clone1")
    ran = await raw("PUT", vm_id("clone1") + "/runCommands/r", managed("echo hello"))
    assert ran.status == 201
    assert {"clone1"} < {found.name async for found in client.virtual_machines.list_all()}
    assert simulator.world.tagged("run", "r1")[-1] == vm_id("clone1")
    for path, code in ((disk_id("copy1"), "OperationNotAllowed"), (nic_id("nic1"), "NicInUse")):
        refused = await raw("DELETE", path)
        assert refused.refusal == (409, code)
    await finish(clock, client.virtual_machines.begin_delete(GROUP, "clone1"))
    with pytest.raises(ResourceNotFoundError):
        await client.disks.get(GROUP, "copy1")
    assert simulator.world.store.require(nic_id("nic1")).owners == []
    assert [vm.name for vm in simulator.world.former] == ["clone1"]
    assert simulator.world.picture(source) == before


async def test_a_disk_that_is_kept_has_the_content_that_its_vm_wrote(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    body = vm_body(attached(delete="Detach"))
    await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, "clone1", body))
    guest = simulator.vm("clone1").guest
    guest.provision("renamed", None, rng=random.Random(1))
    last = guest.freeze()
    await finish(clock, client.virtual_machines.begin_delete(GROUP, "clone1"))
    kept = simulator.world.store.require(disk_id("copy1"))
    assert (kept.owners, kept.content) == ([], last)
    assert (await client.disks.get(GROUP, "copy1")).disk_state == "Unattached"


async def test_a_generalized_image_is_provisioned_and_its_password_is_never_shown(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    add_image(simulator, image=LATEST, data_disks=(DataDiskSource(0, 8), DataDiskSource(1, 16)))
    await make_network(raw, clock)
    data = [{"lun": 1, "createOption": "FromImage", "deleteOption": "Delete"}]
    storage = {**from_image(LATEST, deleteOption="Delete"), "dataDisks": data}
    begun = client.virtual_machines.begin_create_or_update(GROUP, "fresh1", vm_body(storage, osProfile=linux_profile()))
    vm_resource = await finish(clock, begun)
    assert vm_resource.storage_profile.image_reference.id == LATEST
    assert vm_resource.storage_profile.image_reference.exact_version == "1.0.0"
    assert vm_resource.os_profile.computer_name == "fresh1"
    assert PASSWORD not in (await raw("GET", vm_id("fresh1"))).text
    assert PASSWORD not in simulator.world.picture(simulator.vm("fresh1"))
    resource = [trace for trace in simulator.world.resource if "/disks/" in trace.id]
    assert [dict(trace.tags) for trace in resource] == [{}, {}, {}]
    assert [(disk.lun, disk.disk_size_gb) for disk in vm_resource.storage_profile.data_disks] == [(1, 16), (0, 8)]
    await clock.advance(60)
    view = await client.virtual_machines.instance_view(GROUP, "fresh1")
    assert (view.computer_name, view.vm_agent.statuses[0].display_status) == ("fresh1", "Ready")
    assert simulator.vm("fresh1").guest.freeze() != content()
    listed = [found async for found in client.virtual_machines.list_all() if found.name == "fresh1"]
    assert listed[0].storage_profile.image_reference.exact_version == "1.0.0"
    await finish(clock, client.virtual_machines.begin_delete(GROUP, "fresh1"))
    # One data disk is not deleted with the VM.
    assert len([trace for trace in simulator.world.deleted if "/disks/" in trace.id]) == 2


async def test_a_specialized_image_is_not_provisioned(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    add_image(simulator, "Specialized", security_type="TrustedLaunchSupported")
    await make_network(raw, clock)
    refused = await raw("PUT", vm_id("spec1"), vm_body(from_image(IMAGE), osProfile=linux_profile()))
    assert refused.body["error"]["message"] == "Parameter 'osProfile' is not allowed."
    body = vm_body(from_image(IMAGE, name="spec-os"), securityProfile={"securityType": "TrustedLaunch"})
    vm_resource = await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, "spec1", body))
    assert (vm_resource.storage_profile.os_disk.name, vm_resource.os_profile) == ("spec-os", None)
    disk = await client.disks.get(GROUP, "spec-os")
    assert (disk.security_profile.security_type, disk.tags) == ("TrustedLaunch", {})
    view = await client.virtual_machines.instance_view(GROUP, "spec1")
    assert view.statuses[0].code == "OSState/specialized"


async def test_a_disk_that_does_not_boot_fails_its_vm(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    add_image(simulator, content=content(boots="agentNeverReady"))
    await make_network(raw, clock)
    body = vm_body(from_image(IMAGE), osProfile=linux_profile())
    await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, "dumb1", body))
    await clock.advance(300)
    view = await client.virtual_machines.instance_view(GROUP, "dumb1")
    assert view.vm_agent.statuses[0].display_status == "Not Ready"
    add_image(simulator, content=content(boots="neverProvisions"))
    await make_network(raw, clock, "nic2", "nsg2")
    body = vm_body(from_image(IMAGE), "nic2", osProfile=linux_profile())
    with pytest.raises(HttpResponseError) as failed:
        await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, "stuck1", body), step=30)
    assert code_of(failed) == "OSProvisioningTimedOut"
    assert (await client.virtual_machines.get(GROUP, "stuck1")).provisioning_state == "Failed"


async def test_the_same_put_again_continues_and_another_is_refused(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    first = await raw("PUT", vm_id("clone1"), vm_body(attached()))
    assert (first.status, first.body["properties"]["provisioningState"]) == (201, "Creating")
    assert "Location" not in first.headers
    second = await raw("PUT", vm_id("CLONE1"), vm_body(attached()))
    assert (second.status, second.headers["x-ms-request-id"]) == (200, first.headers["x-ms-request-id"])
    for verb in ("powerOff", "generalize"):
        assert (await raw("POST", f"{vm_id('clone1')}/{verb}")).status == 409
    await clock.advance(60)
    third = await raw("PUT", vm_id("clone1"), vm_body(attached(), tags={"run": "r2"}))
    assert (third.status, third.body["tags"]) == (200, {"run": "r2"})
    assert third.body["properties"]["provisioningState"] == "Updating"
    await clock.advance(10)
    assert (await raw("GET", third.headers["Azure-AsyncOperation"])).body["status"] == "Succeeded"
    for body in (vm_body(attached(), licenseType="RHEL_BYOS"), vm_body(attached(delete="Detach"))):
        answer = await raw("PUT", vm_id("clone1"), body)
        assert answer.refusal == (409, "PropertyChangeNotAllowed")
    assert (await raw("PUT", vm_id("linux1"), vm_body(attached()))).body["error"]["code"] == "PropertyChangeNotAllowed"
    assert len([trace for trace in simulator.world.resource if trace.id == vm_id("clone1")]) == 1


async def test_a_vm_can_be_deleted_during_its_creation(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    first = await raw("PUT", vm_id("clone1"), vm_body(attached(delete="Detach")))
    await finish(clock, client.virtual_machines.begin_deallocate(GROUP, "clone1"))
    assert (await raw("GET", first.headers["Azure-AsyncOperation"])).body["status"] == "Canceled"
    assert (await client.virtual_machines.get(GROUP, "clone1")).provisioning_state == "Failed"
    assert (await client.disks.get(GROUP, "copy1")).disk_state == "Reserved"
    await finish(clock, client.virtual_machines.begin_delete(GROUP, "clone1"))
    assert simulator.world.store.require(disk_id("copy1")).owners == []
