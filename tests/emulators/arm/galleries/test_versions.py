"""Image versions: their sources, and how they are read, changed and deleted."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulators.arm import Role, Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of
from tests.emulators.arm.gallery_fleet import GALLERY, publish, version_body, version_path, vm_id


async def test_a_version_of_a_vm_is_created_and_read(simulator: Simulator, client: Sdk, clock: SteppedClock):
    version = await publish(client, clock, regions=("West Europe", "northeurope"))
    assert (version.provisioning_state, version.name, version.tags) == ("Succeeded", "1.0.0", {"golden": "yes"})
    profile = version.publishing_profile
    assert [region.name for region in profile.target_regions] == ["West Europe", "North Europe"]
    assert (profile.replica_count, profile.storage_account_type, profile.exclude_from_latest) == (
        1, "Standard_LRS", False,
    )  # fmt: skip
    storage = version.storage_profile
    assert storage.source.virtual_machine_id == vm_id("gold1")
    assert (storage.os_disk_image.size_in_gb, [disk.lun for disk in storage.data_disk_images]) == (30, [0])
    assert version.replication_status is None


async def test_the_first_answers_are_those_of_the_gallery_service(raw: Raw, clock: SteppedClock):
    resource = await raw("PUT", version_path(), version_body())
    assert (resource.status, resource.body["properties"]["provisioningState"]) == (201, "Creating")
    assert "/capsOperations/" in resource.headers["Azure-AsyncOperation"]
    assert "Location" not in resource.headers
    assert resource.headers["x-ms-ratelimit-remaining-resource"].startswith(
        "Microsoft.Compute/CreateUpdateGalleryImageVersion3Min;374"
    )
    busy = await raw("PUT", version_path(), version_body())
    assert busy.refusal == (409, "Conflict")
    await clock.advance(600)
    again = await raw("PUT", version_path(), version_body())
    assert (again.status, again.body["properties"]["provisioningState"]) == (200, "Updating")


_MISFITS = [
    ("linux", "nobody", 400, "Source .*nobody is not found. Please check source exists"),
    ("linux", "far1", 400, "and is in the same region as gallery image version"),
    ("linux", "plain1", 400, r"parent gallery image \('Generalized'\) is not 'Specialized'"),
    ("special", "gold1", 400, r"parent gallery image \('Specialized'\) is not 'Generalized'"),
    ("linux", "first1", 409, r"Hypervisor generation \['V1'\] than the parent .* \['V2'\]"),
    ("linux", "windows1", 409, r"OS type \['Windows'\] than the parent gallery image OS type \['Linux'\]"),
    ("linux", "trusted1", 409, r"Security type \['TrustedLaunch'\] than the parent .* \['Standard'\]"),
    ("trusted", "gold1", 409, r"Security type \['Standard'\] than the parent .* \['TrustedLaunch'\]"),
    ("linux", "planned1", 409, r"different plan \['name=plan1"),
    ("linux", "ephemeral1", 409, "cannot contain an ephemeral OS disk"),
    ("linux", "ultra1", 409, "stored in an UltraSSD account type"),
]


async def test_a_source_that_does_not_match_is_refused(simulator: Simulator, client: Sdk):
    versions = client.gallery_image_versions
    for definition, source, code, text in _MISFITS:
        with pytest.raises(HttpResponseError, match=text) as refused:
            await versions.begin_create_or_update(GROUP, GALLERY, definition, "1.0.0", version_body(source))
        assert (source, refused.value.status_code) == (source, code)
    assert not simulator.world.resource


async def test_a_source_that_matches_is_accepted(raw: Raw):
    for definition, source in (
        ("windows", "windows1"),
        ("trusted", "trusted1"),
        ("special", "plain1"),
        ("planned", "planned1"),
    ):
        answer = await raw("PUT", version_path(definition), version_body(source))
        assert (source, answer.status) == (source, 201)


_WRONG_BODIES = [
    ("1.0", version_body(), "Major(int).Minor(int).Patch(int)"),
    ("1.0.99999999999", version_body(), "Major(int).Minor(int).Patch(int)"),
    ("1.0.0", version_body(regions=("northeurope",)), "must contain the location of image version"),
    ("1.0.0", version_body(regions=("westeurope", "West Europe")), "Duplicate regions"),
    ("1.0.0", version_body(regions=("westeurope", "atlantis")), "'atlantis' is not available"),
    ("1.0.0", version_body(replicaCount=0), "between 1 and 100, inclusive"),
    ("1.0.0", version_body(storageAccountType="Tape"), "is not one of Standard_LRS"),
    ("1.0.0", version_body(replicationMode="Deep"), "is not one of Full, Shallow"),
    ("1.0.0", version_body(endOfLifeDate="soon"), "Could not convert string to DateTimeOffset"),
    ("1.0.0", version_body(endOfLifeDate="2020-01-01"), "must be set to a future date"),
    ("1.0.0", version_body({}), "One and only one source type"),
    ("1.0.0", version_body({"source": {"id": vm_id("gold1"), "virtualMachineId": vm_id("gold1")}}), "One and only"),
    ("1.0.0", version_body({"source": {"virtualMachineId": "/x/y"}}), "must be a virtual machine"),
    ("1.0.0", version_body({"osDiskImage": {"source": {"id": vm_id("gold1")}}}), "managed disk or snapshot"),
    ("1.0.0", version_body(wrong=1), "Could not find member 'wrong'"),
]


async def test_a_body_that_is_wrong_is_refused(simulator: Simulator, raw: Raw):
    for version, body, text in _WRONG_BODIES:
        answer = await raw("PUT", version_path(version=version), body)
        assert text in answer.body["error"]["message"]
        assert (text, answer.status) == (text, 400)
    assert not simulator.world.resource


async def test_a_missing_definition_and_a_missing_version_have_different_errors(client: Sdk, raw: Raw):
    answer = await raw("PUT", version_path("nothing"), version_body())
    assert answer.refusal == (404, "ParentResourceNotFound")
    answer = await raw("GET", version_path())
    assert answer.refusal == (404, "ResourceNotFound")
    assert (await raw("DELETE", version_path())).status == 204


async def test_the_source_needs_a_separate_permission(simulator: Simulator, raw: Raw):
    version = "Microsoft.Compute/galleries/images/versions/write"
    simulator.role = Role((version, "Microsoft.Compute/virtualMachines/read"))
    answer = await raw("PUT", version_path(), version_body())
    assert answer.refusal == (403, "LinkedAuthorizationFailed")
    assert "'Microsoft.Compute/virtualMachines/write' on the linked scope(s)" in answer.body["error"]["message"]
    simulator.role = Role((version, "Microsoft.Compute/virtualMachines/write"))
    assert (await raw("PUT", version_path(), version_body())).status == 201


async def test_disks_are_a_source_without_an_os_state(simulator: Simulator, raw: Raw):
    storage = simulator.vm("gold1").model.storage
    disks = {
        "osDiskImage": {"source": {"id": storage["osDisk"]["managedDisk"]["id"]}, "hostCaching": "ReadOnly"},
        "dataDiskImages": [{"lun": 3, "source": {"id": storage["dataDisks"][0]["managedDisk"]["id"]}}],
    }
    simulator.role = Role((f"{'Microsoft.Compute/galleries/images/versions'}/write",))
    answer = await raw("PUT", version_path(), version_body(disks))
    assert "'Microsoft.Compute/disks/write' on the linked scope(s)" in answer.body["error"]["message"]
    simulator.role = Role()
    for definition in ("linux", "special"):
        answer = await raw("PUT", version_path(definition), version_body(disks))
        assert answer.status == 201
    shown = answer.body["properties"]["storageProfile"]
    assert shown["osDiskImage"] == {"sizeInGB": 30, "hostCaching": "ReadOnly", **_source(disks["osDiskImage"])}
    assert [(disk["lun"], disk["sizeInGB"]) for disk in shown["dataDiskImages"]] == [(3, 64)]


def _source(image: Any) -> dict[str, Any]:
    return {"source": image["source"]}


async def test_another_version_is_a_source(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await publish(client, clock)
    body = version_body({"source": {"id": version_path()}})
    assert (await raw("PUT", version_path(version="2.0.0"), body)).status == 201


async def test_encryption_sets_must_exist_be_in_their_region_and_everywhere(simulator: Simulator, raw: Raw):
    world = simulator.world
    sets = {region: world.galleries.add_encryption_set(f"set-{region}", region).id for region in _TWO}
    body = version_body(regions=_TWO)
    targets: list[dict[str, Any]] = body["properties"]["publishingProfile"]["targetRegions"]
    targets[0]["encryption"] = {"osDiskImage": {"diskEncryptionSetId": sets["westeurope"]}}
    answer = await raw("PUT", version_path(), body)
    assert "A disk encryption set is required" in answer.body["error"]["message"]
    targets[1]["encryption"] = targets[0]["encryption"]
    answer = await raw("PUT", version_path(), body)
    assert "was not found" in answer.body["error"]["message"]
    targets[1]["encryption"] = {"osDiskImage": {"diskEncryptionSetId": sets["northeurope"]}}
    assert (await raw("PUT", version_path(), body)).status == 201


_TWO = ("westeurope", "northeurope")


async def test_what_is_fixed_cannot_be_changed(client: Sdk, clock: SteppedClock):
    await publish(client, clock)
    versions = client.gallery_image_versions
    for change in (
        versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", version_body("trusted1")),
        versions.begin_update(
            GROUP, GALLERY, "linux", "1.0.0", {"properties": {"publishingProfile": {"replicationMode": "Shallow"}}}
        ),
    ):
        with pytest.raises(ResourceExistsError, match="Changing property") as refused:
            await change
        assert code_of(refused) == "PropertyChangeNotAllowed"


async def test_promotion_and_tags_are_patched(simulator: Simulator, client: Sdk, clock: SteppedClock):
    await publish(client, clock, excludeFromLatest=True)
    definition = version_path().partition("/versions/")[0]
    assert simulator.world.galleries.latest(definition) is None
    patch = {"tags": {"a": "b"}, "properties": {"publishingProfile": {"excludeFromLatest": False}}}
    poller = await client.gallery_image_versions.begin_update(GROUP, GALLERY, "linux", "1.0.0", patch)
    assert (await client.gallery_image_versions.get(GROUP, GALLERY, "linux", "1.0.0")).provisioning_state == "Updating"
    await clock.advance(10)
    version = await poller.result()
    assert (version.tags, version.publishing_profile.exclude_from_latest) == ({"a": "b"}, False)
    latest = simulator.world.image_source(definition)
    assert latest is not None
    assert latest.exact_id == version_path()


async def test_the_latest_is_the_highest_number_that_is_not_excluded(simulator: Simulator, client: Sdk):
    world, definition = simulator.world, version_path().partition("/versions/")[0]
    content = simulator.vm("gold1").guest.freeze()
    for name in ("1.9.0", "1.10.0", "1.2.0"):
        world.add_version(definition, name, content, regions=("northeurope",))
    world.add_version(definition, "2.0.0", content, excluded=True)
    assert _name(simulator, definition) == "1.10.0"
    top = world.store.require(f"{definition}/versions/1.10.0")
    top.properties["publishingProfile"]["targetRegions"][1]["excludeFromLatest"] = True
    assert _name(simulator, definition, "North Europe") == "1.9.0"
    assert _name(simulator, definition, "westeurope") == "1.10.0"
    assert _name(simulator, definition, "uksouth") is None
    source = world.image_source(f"{definition}/versions/latest")
    assert source is not None
    assert (source.exact_id, source.regions) == (top.id, frozenset({"westeurope"}))


def _name(simulator: Simulator, definition: str, region: str | None = None) -> str | None:
    found = simulator.world.galleries.latest(definition, region)
    return None if found is None else found.name


async def test_lists_are_paged_and_do_not_show_what_is_fresh(simulator: Simulator, client: Sdk, clock: SteppedClock):
    definition = version_path().partition("/versions/")[0]
    content = simulator.vm("gold1").guest.freeze()
    for patch in range(101):
        simulator.world.add_version(definition, f"1.0.{patch}", content)
    await client.gallery_image_versions.begin_create_or_update(GROUP, GALLERY, "linux", "2.0.0", version_body())
    names = [item.name async for item in client.gallery_image_versions.list_by_gallery_image(GROUP, GALLERY, "linux")]
    assert (len(names), "2.0.0" in names) == (101, False)
    await clock.advance(20)
    names = [item.name async for item in client.gallery_image_versions.list_by_gallery_image(GROUP, GALLERY, "linux")]
    assert (len(names), names[-1]) == (102, "2.0.0")


async def test_a_version_is_deleted_even_while_it_replicates(simulator: Simulator, client: Sdk, clock: SteppedClock):
    writing = await client.gallery_image_versions.begin_create_or_update(
        GROUP, GALLERY, "linux", "1.0.0", version_body()
    )
    deleting = await client.gallery_image_versions.begin_delete(GROUP, GALLERY, "linux", "1.0.0")
    await clock.advance(40)
    await deleting.result()
    with pytest.raises(HttpResponseError, match="preempted"):
        await writing.result()
    await clock.advance(1600)
    with pytest.raises(ResourceNotFoundError):
        await client.gallery_image_versions.get(GROUP, GALLERY, "linux", "1.0.0")
    assert simulator.world.image_source(version_path()) is None
