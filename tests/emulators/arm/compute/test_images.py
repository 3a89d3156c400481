"""Managed images: their sources, and how they are read and deleted."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulators.arm import Fault, Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP, Raw, Sdk
from tests.emulators.arm.gallery_fleet import SOURCES, add_gallery, version_body, version_path, vm_id

_PATH = f"{VmSpec('any').group_id}/providers/Microsoft.Compute/images/image1"


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(vms=SOURCES, clock=clock, emulate_linux=True) as running:
        add_gallery(running)
        yield running


def _body(source: str = "gold1", **more: Any) -> dict[str, Any]:
    properties = {"sourceVirtualMachine": {"id": vm_id(source)}, "hyperVGeneration": "V2", **more}
    return {"location": "westeurope", "tags": {"golden": "yes"}, "properties": properties}


async def test_an_image_is_created_listed_and_deleted(simulator: Simulator, client: Sdk, clock: SteppedClock):
    body = _body(storageProfile={"zoneResilient": True})
    poller = await client.images.begin_create_or_update(GROUP, "image1", body)
    assert (await client.images.get(GROUP, "image1")).provisioning_state == "Creating"
    assert simulator.world.image_source(_PATH).regions == frozenset()  # pyright: ignore[reportOptionalMemberAccess]
    await clock.advance(30)
    image = await poller.result()
    profile = image.storage_profile
    assert (image.provisioning_state, profile.zone_resilient) == ("Succeeded", True)
    assert (profile.os_disk.os_type, profile.os_disk.os_state) == ("Linux", "Generalized")
    disks = simulator.vm("gold1").model.disks()
    assert [profile.os_disk.managed_disk.id, *(disk.managed_disk.id for disk in profile.data_disks)] == [
        disk for disk, _ in disks
    ]
    assert [item.name async for item in client.images.list_by_resource_group(GROUP)] == ["image1"]
    assert [item.name async for item in client.images.list()] == ["image1"]
    deleting = await client.images.begin_delete(GROUP, "image1")
    await clock.advance(30)
    await deleting.result()
    with pytest.raises(ResourceNotFoundError):
        await client.images.get(GROUP, "image1")


async def test_a_vm_can_be_created_from_it_and_so_can_a_version(simulator: Simulator, raw: Raw, clock: SteppedClock):
    resource = await raw("PUT", _PATH, _body())
    assert "/locations/westeurope/operations/" in resource.headers["Azure-AsyncOperation"]
    assert ("Location" in resource.headers, resource.headers["azure-asyncnotification"]) == (False, "Enabled")
    assert resource.headers["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/CreateImages3Min;39")
    await clock.advance(30)
    source = simulator.world.image_source(_PATH.upper())
    assert source is not None
    assert (source.os_state, source.generation, source.exact_id) == ("Generalized", "V2", "")
    assert (source.regions, [disk.lun for disk in source.data_disks]) == (frozenset({"westeurope"}), [0])
    answer = await raw("PUT", version_path(), version_body({"source": {"id": _PATH}}))
    assert answer.status == 201


async def test_a_vm_that_cannot_become_an_image_is_refused(simulator: Simulator, client: Sdk):
    for source, body, status, text in (
        ("plain1", _body("plain1"), 409, "requires the Virtual Machine 'plain1' to be Generalized"),
        ("nobody", _body("nobody"), 400, "was not found"),
        ("far1", _body("far1"), 400, "is in 'northeurope', the image in 'westeurope'"),
        ("trusted1", _body("trusted1"), 409, "not supported for security type 'TrustedLaunch'"),
        ("ephemeral1", _body("ephemeral1"), 409, "ephemeral OS disk"),
        ("first1", _body("first1"), 400, "differs from that of the source virtual machine 'V1'"),
        ("gold1", _body(hyperVGeneration="V3"), 400, "is not one of V1, V2"),
        ("gold1", _body(osDisk={}), 400, "Could not find member 'osDisk'"),
    ):
        with pytest.raises(HttpResponseError, match=text) as refused:
            await client.images.begin_create_or_update(GROUP, "image1", body)
        assert (source, refused.value.status_code) == (source, status)
    assert not simulator.world.resource


async def test_only_the_tags_of_an_existing_image_can_be_changed(raw: Raw, clock: SteppedClock):
    await raw("PUT", _PATH, _body())
    assert (await raw("PUT", _PATH, _body())).body["error"]["code"] == "Conflict"
    await clock.advance(30)
    assert (await raw("PUT", _PATH, {**_body(), "tags": {"a": "b"}})).status == 200
    await clock.advance(30)
    assert (await raw("GET", _PATH)).body["tags"] == {"a": "b"}
    answer = await raw("PUT", _PATH, _body("windows1"))
    assert answer.refusal == (409, "PropertyChangeNotAllowed")


async def test_a_delete_that_fails_or_never_ends_can_be_retried(simulator: Simulator, raw: Raw, clock: SteppedClock):
    await raw("PUT", _PATH, _body())
    await clock.advance(30)
    simulator.inject(Fault("operationFails", operation="images.delete"))
    simulator.inject(Fault("operationNeverEnds", operation="images.delete", nth=2))
    for state in ("Failed", "Deleting"):
        assert (await raw("DELETE", _PATH)).status == 202
        await clock.advance(3600)
        assert (await raw("GET", _PATH)).body["properties"]["provisioningState"] == state
    assert (await raw("DELETE", _PATH)).status == 202
    await clock.advance(30)
    assert (await raw("GET", _PATH)).status == 404
    assert (await raw("DELETE", _PATH)).status == 204


async def test_permissions_locks_and_faults_apply_to_images_too(simulator: Simulator, raw: Raw, clock: SteppedClock):
    simulator.role = Role(("Microsoft.Compute/images/*",))
    answer = await raw("PUT", _PATH, _body())
    assert answer.refusal == (403, "LinkedAuthorizationFailed")
    simulator.role = Role()
    simulator.inject(Fault("operationFails", operation="images.createOrUpdate", message="broken"))
    assert (await raw("PUT", _PATH, _body())).status == 201
    await clock.advance(30)
    assert (await raw("GET", _PATH)).body["properties"]["provisioningState"] == "Failed"
    simulator.lock(_PATH, "CanNotDelete")
    assert (await raw("DELETE", _PATH)).body["error"]["code"] == "ScopeLocked"
