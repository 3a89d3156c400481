"""Features and plans of definitions: what they hold, and which sources they accept."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import copy_body, os_disk_id, snapshot_id
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of
from tests.emulators.arm.gallery_fleet import GALLERY, PLAN, version_body, version_path, vm_id

IMAGE = f"{VmSpec('any').group_id}/providers/Microsoft.Compute/images/managed1"


def _definition(features: dict[str, str], **more: Any) -> dict[str, Any]:
    identifier = {"publisher": "me", "offer": "own", "sku": "features"}
    held = [{"name": name, "value": value} for name, value in features.items()]
    properties = {"osType": "Linux", "osState": "Generalized", "hyperVGeneration": "V2", "identifier": identifier}
    return {"location": "westeurope", "properties": {**properties, "features": held, **more}}


async def _managed_image(raw: Raw, clock: SteppedClock) -> dict[str, Any]:
    properties = {"sourceVirtualMachine": {"id": vm_id("gold1")}, "hyperVGeneration": "V2"}
    assert (await raw("PUT", IMAGE, {"location": "westeurope", "properties": properties})).status == 201
    await clock.advance(30)
    return {"source": {"id": IMAGE}}


@pytest.mark.parametrize("security", ["TrustedLaunchSupported", "ConfidentialVmSupported"])
async def test_a_supported_type_accepts_no_vm_and_no_disk(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, security: str
):
    simulator.world.add_definition(GALLERY, "generic", security_type=security)
    for source in ("gold1", "trusted1"):
        with pytest.raises(HttpResponseError) as refused:
            await client.gallery_image_versions.begin_create_or_update(
                GROUP, GALLERY, "generic", "1.0.0", version_body(source)
            )
        assert (refused.value.status_code, code_of(refused)) == (400, "InvalidParameter")
        assert (
            f"The security type '{security}' is not supported for the source id '{vm_id(source)}'. Currently only Vhd "
            f"Blob, User Image and Gallery Image Version sources are supported for '{security}' images."
        ) in str(refused.value)
    assert (await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "gold1")))).status == 202
    await clock.advance(10)
    storage = {"osDiskImage": {"source": {"id": snapshot_id("s1")}}}
    answer = await raw("PUT", version_path("generic"), version_body(storage))
    assert answer.refusal == (400, "InvalidParameter")


async def test_a_supported_type_accepts_an_image_and_a_version_without_guest_state(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    storage = await _managed_image(raw, clock)
    assert (await raw("PUT", version_path("either"), version_body(storage))).status == 201
    await clock.advance(1600)
    for definition, security in (("again", "TrustedLaunchSupported"), ("exact", "TrustedLaunch")):
        simulator.world.add_definition(GALLERY, definition, security_type=security)
    source = {"source": {"id": version_path("either")}}
    assert (await raw("PUT", version_path("again"), version_body(source))).status == 201
    assert (await raw("PUT", version_path("exact"), version_body(source))).refusal == (409, "Conflict")


async def test_features_are_stored_and_fixed(client: Sdk, clock: SteppedClock):
    features = {"DiskControllerTypes": "SCSI, NVMe", "IsAcceleratedNetworkSupported": "True"}
    features |= {"IsHibernateSupported": "True", "SecurityType": "TrustedLaunchAndConfidentialVmSupported"}
    images = client.gallery_images

    async def put(body: dict[str, Any]) -> Any:
        poller = await images.begin_create_or_update(GROUP, GALLERY, "features", body)
        await clock.advance(10)
        return await poller.result()

    stored = await put(_definition(features))
    assert {entry.name: entry.value for entry in stored.features} == features
    await put(_definition(features))
    changed = {**features, "DiskControllerTypes": "SCSI"}
    with pytest.raises(HttpResponseError, match="Changing property 'DiskControllerTypes' is not allowed") as refused:
        await put(_definition(changed))
    assert (refused.value.status_code, code_of(refused)) == (409, "PropertyChangeNotAllowed")
    updated = await put(_definition(changed, allowUpdateImage=True))
    assert {entry.name: entry.value for entry in updated.features} == changed


async def test_an_unknown_feature_or_value_is_refused(raw: Raw):
    path = version_path("other").rpartition("/versions/")[0]
    for features in (
        {"DiskControllerTypes": "IDE"}, {"IsHibernateSupported": "perhaps"}, {"Taste": "sweet"},
        {"SecurityType": "Vault"},
    ):  # fmt: skip
        assert (await raw("PUT", path, _definition(features))).refusal == (400, "InvalidParameter")


async def test_disk_controllers_of_the_definition_reach_what_is_created_from_it(simulator: Simulator):
    world = simulator.world
    content = simulator.vm("gold1").guest.freeze()
    for name, features in (("both", {"DiskControllerTypes": "SCSI, NVMe"}), ("plain", {})):
        version = world.add_version(world.add_definition(GALLERY, name, features=features), "1.0.0", content)
        source = world.image_source(version.id)
        assert source is not None
        assert source.controllers == (("SCSI", "NVMe") if features else ("SCSI",))


async def test_plans_of_source_and_definition(simulator: Simulator, raw: Raw):
    world = simulator.world
    world.add_definition(GALLERY, "loud", plan={name: value.upper() for name, value in PLAN.items()})
    world.add_definition(GALLERY, "wrong", plan={**PLAN, "name": "plan2"})
    outcomes = {
        "only the definition": ("planned", "gold1", 201),
        "only the source": ("linux", "planned1", 409),
        "both": ("planned", "planned1", 201),
        "both, in another case": ("loud", "planned1", 201),
        "different ones": ("wrong", "planned1", 409),
    }
    for number, (what, (definition, source, status)) in enumerate(outcomes.items()):
        answer = await raw("PUT", version_path(definition, f"{number}.0.0"), version_body(source))
        assert (what, answer.status) == (what, status)
