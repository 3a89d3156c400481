"""VMs that are created from a published version, the latest of a definition, or a managed image."""

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import attached, finish, from_image, linux_profile, make_copy, make_network, vm_body
from tests.emulators.arm.fleet import GROUP, Raw, Sdk
from tests.emulators.arm.gallery_fleet import GALLERY, publish, version_body, version_path, vm_id

_DEFINITION = version_path().partition("/versions/")[0]


async def _create(client: Sdk, clock: SteppedClock, image: str, name: str, nic: str = "nic1") -> Any:
    body = vm_body(from_image(image), nic, osProfile=linux_profile(computerName=name))
    return await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, name, body))


async def test_a_clone_becomes_a_version_and_the_version_a_vm(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    vms, versions = client.virtual_machines, client.gallery_image_versions
    await make_copy(client, clock, simulator, vm="plain1")
    await make_network(raw, clock)
    await finish(clock, vms.begin_create_or_update(GROUP, "clone1", vm_body(attached())))
    await clock.advance(60)
    await finish(clock, vms.begin_deallocate(GROUP, "clone1"))
    await vms.generalize(GROUP, "clone1")
    begun = versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", version_body("clone1"))
    version = await finish(clock, begun, step=100)
    assert version.storage_profile.source.virtual_machine_id == vm_id("clone1")
    await finish(clock, vms.begin_delete(GROUP, "clone1"))
    await make_network(raw, clock, "nic2", "nsg2")
    resource = await _create(client, clock, _DEFINITION, "fresh1", "nic2")
    reference = resource.storage_profile.image_reference
    assert (reference.id, reference.exact_version, resource.os_profile.computer_name) == (
        _DEFINITION,
        "1.0.0",
        "fresh1",
    )
    await finish(clock, versions.begin_delete(GROUP, GALLERY, "linux", "1.0.0"))
    assert simulator.vm("fresh1").power == "running"


async def test_a_version_can_be_used_only_in_its_regions_and_only_when_it_succeeded(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_network(raw, clock)
    await client.gallery_image_versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", version_body())
    with pytest.raises(ResourceNotFoundError, match="is not available in westeurope region"):
        await _create(client, clock, version_path(), "fresh1")
    await clock.advance(600)
    assert (await _create(client, clock, version_path(), "fresh1")).provisioning_state == "Succeeded"
    source = simulator.world.image_source(version_path())
    assert source is not None
    assert "northeurope" not in source.regions


async def test_a_definition_without_a_latest_version_cannot_be_used(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_network(raw, clock)
    await publish(client, clock, excludeFromLatest=True)
    with pytest.raises(ResourceNotFoundError):
        await _create(client, clock, _DEFINITION, "fresh1")
    assert simulator.world.image_source(f"{_DEFINITION}/versions/9.9.9") is None


async def test_a_managed_image_can_be_used_in_its_region(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_network(raw, clock)
    properties = {"sourceVirtualMachine": {"id": vm_id("gold1")}, "hyperVGeneration": "V2"}
    body = {"location": "westeurope", "properties": properties}
    await finish(clock, client.images.begin_create_or_update(GROUP, "image1", body))
    image = f"{VmSpec('any').group_id}/providers/Microsoft.Compute/images/image1"
    resource = await _create(client, clock, image, "fresh1")
    assert [disk.lun for disk in resource.storage_profile.data_disks] == [0]
    assert resource.storage_profile.image_reference.exact_version is None
