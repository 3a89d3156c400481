"""Galleries and image definitions: from Python and through the SDK."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP, Raw, Sdk

_GROUP_ID = VmSpec("any").group_id
_IDENTIFIER = {"publisher": "us", "offer": "os", "sku": "one"}


def _definition(**more: object) -> dict[str, object]:
    properties = {"osType": "Linux", "osState": "Generalized", "identifier": _IDENTIFIER, **more}
    return {"location": "westeurope", "properties": properties}


async def test_what_the_fleet_has_is_read_and_listed_at_once(simulator: Simulator, client: Sdk):
    world = simulator.world
    world.add_gallery("own1", resource_group="images-rg")
    world.add_definition("own1", "linux", security_type="TrustedLaunch", plan={"name": "p", "publisher": "q"})
    gallery = await client.galleries.get("images-rg", "own1")
    assert (gallery.provisioning_state, gallery.location) == ("Succeeded", "westeurope")
    definition = await client.gallery_images.get("images-rg", "OWN1", "linux")
    assert (definition.os_type, definition.os_state, definition.hyper_v_generation) == ("Linux", "Generalized", "V2")
    assert [(feature.name, feature.value) for feature in definition.features] == [("SecurityType", "TrustedLaunch")]
    assert definition.purchase_plan.publisher == "q"
    listed = [item.name async for item in client.gallery_images.list_by_gallery("images-rg", "own1")]
    assert listed == ["linux"]
    assert not world.resource


async def test_what_does_not_exist_is_404(simulator: Simulator, client: Sdk):
    for asked in (
        client.galleries.get(GROUP, "nothing"),
        client.gallery_images.get(GROUP, "nothing", "linux"),
        client.gallery_image_versions.get(GROUP, "nothing", "linux", "1.0.0"),
    ):
        with pytest.raises(ResourceNotFoundError):
            await asked


async def test_a_gallery_and_a_definition_are_created_changed_and_deleted(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    poller = await client.galleries.begin_create_or_update(GROUP, "resource_1", {"location": "westeurope"})
    assert (await client.galleries.get(GROUP, "resource_1")).provisioning_state == "Creating"
    await clock.advance(10)
    await poller.result()
    poller = await client.gallery_images.begin_create_or_update(GROUP, "resource_1", "linux", _definition())
    listed = [item.name async for item in client.gallery_images.list_by_gallery(GROUP, "resource_1")]
    assert listed == []
    await clock.advance(20)
    assert (await poller.result()).hyper_v_generation == "V1"
    assert [item.name async for item in client.gallery_images.list_by_gallery(GROUP, "resource_1")] == ["linux"]
    with pytest.raises(ResourceExistsError, match="before nested resources are deleted"):
        await client.galleries.begin_delete(GROUP, "resource_1")
    with pytest.raises(ResourceExistsError, match=r"Changing property 'galleryImage.properties.osState'"):
        await client.gallery_images.begin_create_or_update(
            GROUP, "resource_1", "linux", _definition(osState="Specialized")
        )
    deleting = await client.gallery_images.begin_delete(GROUP, "resource_1", "linux")
    await clock.advance(40)
    await deleting.result()
    with pytest.raises(ResourceNotFoundError):
        await client.gallery_images.get(GROUP, "resource_1", "linux")
    resource, gone = simulator.world.resource, simulator.world.deleted
    assert [trace.id.rsplit("/", 1)[1] for trace in (*resource, *gone)] == ["resource_1", "linux", "linux"]


_WRONG_BODIES = [
    (_definition(osType="BeOS"), "osType is not one of Linux, Windows"),
    (_definition(architecture="MIPS"), "architecture is not one of"),
    (_definition(features=[{"name": "SecurityType", "value": "Safe"}]), "SecurityType is not one of"),
    (_definition(extra=1), "Could not find member 'extra'"),
    ({**_definition(), "location": "atlantis"}, "location 'atlantis' is not available"),
]


async def test_a_definition_with_a_wrong_value_is_refused(simulator: Simulator, client: Sdk):
    simulator.world.add_gallery("own1")
    for body, text in _WRONG_BODIES:
        with pytest.raises(HttpResponseError, match=text) as refused:
            await client.gallery_images.begin_create_or_update(GROUP, "own1", "linux", body)
        assert refused.value.status_code == 400


async def test_names_are_checked_and_unique(simulator: Simulator, raw: Raw):
    simulator.world.add_gallery("own1", resource_group="other-rg")
    path = f"{_GROUP_ID}/providers/Microsoft.Compute/galleries"
    answer = await raw("PUT", f"{path}/with-dash", {"location": "westeurope"})
    assert answer.refusal == (400, "InvalidParameter")
    answer = await raw("PUT", f"{path}/own1", {"location": "westeurope"})
    assert (answer.status, "is not unique" in answer.body["error"]["message"]) == (409, True)
    parent = simulator.world.add_gallery("gallery2")
    assert (await raw("PUT", f"{parent.id}/images/one", _definition())).status == 201
    answer = await raw("PUT", f"{parent.id}/images/two", _definition())
    assert "Choose a different publisher, offer, sku combination" in answer.body["error"]["message"]
    with pytest.raises(ValueError, match="already"):
        simulator.world.add_gallery("gallery2")
    with pytest.raises(KeyError, match="0 resources"):
        simulator.world.add_definition("nothing", "linux")


async def test_each_permission_is_checked(simulator: Simulator, raw: Raw):
    gallery = simulator.world.add_gallery("own1")
    simulator.role = Role(("Microsoft.Compute/galleries/read", "Microsoft.Compute/galleries/images/write"))
    assert (await raw("GET", gallery.id)).status == 200
    assert (await raw("GET", f"{gallery.id}/images")).status == 403
    assert (await raw("PUT", gallery.id, {"location": "westeurope"})).status == 403
    answer = await raw("PUT", f"{gallery.id}/images/linux", _definition())
    assert answer.status == 201
    assert "/capsOperations/" in answer.headers["Azure-AsyncOperation"]
    assert "Location" not in answer.headers
