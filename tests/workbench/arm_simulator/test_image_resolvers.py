"""Machines that are made from what was published: a version, the latest of a definition, a managed image."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.workbench.arm_simulator.bodies import (
    attached,
    finish,
    from_image,
    linux_profile,
    make_copy,
    make_network,
    vm_body,
)
from tests.workbench.arm_simulator.fleet import GROUP, Raw, Sdk
from tests.workbench.arm_simulator.gallery_fleet import (
    GALLERY,
    SOURCES,
    furnish,
    publish,
    version_body,
    version_path,
    vm_id,
)
from workbench.arm_simulator import MachineSpec, Simulator, SteppedClock

_DEFINITION = version_path().partition("/versions/")[0]


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(machines=SOURCES, clock=clock, emulate_linux=True) as running:
        furnish(running)
        yield running


async def _make(client: Sdk, clock: SteppedClock, image: str, name: str, nic: str = "nic1") -> Any:
    body = vm_body(from_image(image), nic, osProfile=linux_profile(computerName=name))
    return await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, name, body))


async def test_a_clone_becomes_a_version_and_the_version_a_machine(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    machines, versions = client.virtual_machines, client.gallery_image_versions
    await make_copy(client, clock, simulator, vm="plain1")
    await make_network(raw, clock)
    await finish(clock, machines.begin_create_or_update(GROUP, "clone1", vm_body(attached())))
    await clock.advance(60)
    await finish(clock, machines.begin_deallocate(GROUP, "clone1"))
    await machines.generalize(GROUP, "clone1")
    begun = versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", version_body("clone1"))
    version = await finish(clock, begun, step=100)
    assert version.storage_profile.source.virtual_machine_id == vm_id("clone1")
    await finish(clock, machines.begin_delete(GROUP, "clone1"))
    await make_network(raw, clock, "nic2", "nsg2")
    made = await _make(client, clock, _DEFINITION, "fresh1", "nic2")
    reference = made.storage_profile.image_reference
    assert (reference.id, reference.exact_version, made.os_profile.computer_name) == (_DEFINITION, "1.0.0", "fresh1")
    await finish(clock, versions.begin_delete(GROUP, GALLERY, "linux", "1.0.0"))
    assert simulator.machine("fresh1").power == "running"


async def test_a_version_serves_the_regions_it_is_in_and_only_when_it_is_whole(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_network(raw, clock)
    await client.gallery_image_versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", version_body())
    with pytest.raises(ResourceNotFoundError, match="is not available in westeurope region"):
        await _make(client, clock, version_path(), "fresh1")
    await clock.advance(600)
    assert (await _make(client, clock, version_path(), "fresh1")).provisioning_state == "Succeeded"
    source = simulator.world.image_source(version_path())
    assert source is not None
    assert "northeurope" not in source.regions


async def test_a_definition_without_a_latest_serves_nothing(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_network(raw, clock)
    await publish(client, clock, excludeFromLatest=True)
    with pytest.raises(ResourceNotFoundError):
        await _make(client, clock, _DEFINITION, "fresh1")
    assert simulator.world.image_source(f"{_DEFINITION}/versions/9.9.9") is None


async def test_a_managed_image_serves_its_region(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await make_network(raw, clock)
    properties = {"sourceVirtualMachine": {"id": vm_id("gold1")}, "hyperVGeneration": "V2"}
    body = {"location": "westeurope", "properties": properties}
    await finish(clock, client.images.begin_create_or_update(GROUP, "image1", body))
    image = f"{MachineSpec('any').group_id}/providers/Microsoft.Compute/images/image1"
    made = await _make(client, clock, image, "fresh1")
    assert [disk.lun for disk in made.storage_profile.data_disks] == [0]
    assert made.storage_profile.image_reference.exact_version is None
