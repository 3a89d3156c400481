"""Galleries with soft delete: the recycle bin, its list, restoring, and what it blocks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import finish
from tests.emulators.arm.fleet import GROUP, Connect, Raw, Sdk, code_of
from tests.emulators.arm.gallery_fleet import SOURCES, version_body

DAY = 24 * 3600
NAME = "soft1"
VERSION = f"{VmSpec('any').group_id}/providers/Microsoft.Compute/galleries/{NAME}/images/linux/versions/1.0.0"
BIN = VERSION.replace("/images/linux/versions", "/softDeletedArtifactTypes/Images/artifacts/linux/versions")
NOW = "?api-version=2026-03-03"


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(vms=SOURCES, clock=clock, emulate_linux=True) as running:
        world = running.world
        world.add_gallery(NAME, soft_delete=True, grace_days=3)
        world.add_definition(NAME, "linux")
        content = running.vm("gold1").guest.freeze()
        for version in ("0.9.0", "1.0.0"):
            world.add_version("linux", version, content)
        yield running


@pytest.fixture
async def client(simulator: Simulator, connect: Connect) -> AsyncIterator[Sdk]:
    async with connect(simulator) as compute:
        yield compute


async def _delete(client: Sdk, clock: SteppedClock, version: str = "1.0.0", **more: Any) -> None:
    await finish(clock, client.gallery_image_versions.begin_delete(GROUP, NAME, "linux", version, **more))


async def _bin(client: Sdk) -> dict[str, Any]:
    found = client.soft_deleted_resource.list_by_artifact_name(GROUP, NAME, "Images", "linux")
    return {entry.name: entry async for entry in found}


async def _versions(client: Sdk) -> list[str]:
    found = client.gallery_image_versions.list_by_gallery_image(GROUP, NAME, "linux")
    return [entry.name async for entry in found]


async def test_a_deleted_version_is_only_in_the_bin(simulator: Simulator, client: Sdk, clock: SteppedClock):
    await _delete(client, clock)
    assert await _versions(client) == ["0.9.0"]
    with pytest.raises(ResourceNotFoundError):
        await client.gallery_image_versions.get(GROUP, NAME, "linux", "1.0.0")
    entry = (await _bin(client))["1.0.0"]
    assert entry.id == BIN
    assert (entry.resource_arm_id, entry.soft_deleted_artifact_type) == (VERSION, "Images")
    assert entry.type == "Microsoft.Compute/galleries/softDeletedArtifactTypes/artifacts/versions"
    days = (entry.consumption_end_time - clock.now()).days, (entry.hard_deletion_target_time - clock.now()).days
    assert days == (6, 9)
    assert [trace.id for trace in simulator.world.deleted] == [VERSION]


async def test_its_number_is_usable_until_the_retention_ends_but_it_is_not_the_latest(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    await _delete(client, clock)
    world, definition = simulator.world, VERSION.partition("/versions/")[0]
    used = world.image_source(VERSION)
    latest = world.image_source(definition)
    assert used is not None
    assert latest is not None
    assert (used.regions, latest.exact_id) == (frozenset({"westeurope"}), f"{definition}/versions/0.9.0")
    await clock.advance(7 * DAY)
    assert world.image_source(VERSION) is None
    assert list(await _bin(client)) == ["1.0.0"]
    await clock.advance(3 * DAY)
    assert await _bin(client) == {}


@pytest.mark.parametrize(
    "body", [{"location": "West Europe"}, {"location": "westeurope", "properties": {"restore": True}}]
)
async def test_a_put_restores_it(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock, body: Any):
    await _delete(client, clock)
    wrong = await raw("PUT", VERSION + NOW, {**body, "location": "northeurope"})
    assert wrong.refusal == (400, "InvalidParameter")
    answer = await raw("PUT", VERSION + NOW, body)
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (200, "Updating")
    await clock.advance(30)
    version = await client.gallery_image_versions.get(GROUP, NAME, "linux", "1.0.0", expand="ReplicationStatus")
    assert (version.provisioning_state, version.replication_status.aggregated_state) == ("Succeeded", "Completed")
    assert await _bin(client) == {}
    assert sorted(await _versions(client)) == ["0.9.0", "1.0.0"]


async def test_a_patch_restores_it_and_nothing_else_is_restored(client: Sdk, raw: Raw, clock: SteppedClock):
    restore: dict[str, Any] = {"properties": {"restore": True, "storageProfile": {}}}
    assert (await raw("PATCH", VERSION + NOW, restore)).refusal == (409, "OperationNotAllowed")
    await _delete(client, clock)
    restored = client.gallery_image_versions.begin_update(GROUP, NAME, "linux", "1.0.0", restore)
    assert (await finish(clock, restored)).provisioning_state == "Succeeded"
    missing = VERSION.replace("1.0.0", "5.0.0") + NOW
    assert (await raw("PATCH", missing, restore)).refusal == (404, "ResourceNotFound")
    bare = {"location": "westeurope"}
    assert (await raw("PUT", missing, bare)).refusal == (400, "InvalidParameter")


async def test_a_new_version_cannot_take_its_name(client: Sdk, clock: SteppedClock):
    await _delete(client, clock)
    versions = client.gallery_image_versions
    with pytest.raises(HttpResponseError, match="is soft-deleted") as refused:
        await versions.begin_create_or_update(GROUP, NAME, "linux", "1.0.0", version_body())
    assert (refused.value.status_code, code_of(refused)) == (409, "Conflict")
    await versions.begin_create_or_update(GROUP, NAME, "linux", "1.0.1", version_body())
    await clock.advance(10 * DAY)
    await versions.begin_create_or_update(GROUP, NAME, "linux", "1.0.0", version_body())


async def test_bypass_and_hard_delete_free_the_name(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await _delete(client, clock, "0.9.0", bypass_soft_delete=True)
    assert await _bin(client) == {}
    # Before its api-version the parameter has no effect.
    older = f"{VERSION}?api-version=2025-03-03"
    assert (await raw("DELETE", f"{older}&bypassSoftDelete=true")).status == 202
    await clock.advance(60)
    entries = (await raw("GET", f"{BIN.rpartition('/')[0]}?api-version=2025-03-03")).body["value"]
    assert [set(entry["properties"]) for entry in entries] == [
        {"resourceArmId", "softDeletedArtifactType", "softDeletedTime"}
    ]
    assert (await raw("DELETE", BIN + NOW)).status == 202
    await clock.advance(60)
    assert (await _bin(client), simulator.world.image_source(VERSION)) == ({}, None)
    assert (await raw("DELETE", BIN + NOW)).status == 204


async def test_a_failed_version_cannot_be_deleted_softly(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.world.replication.fail_region("2.0.0", "westeurope", "no capacity")
    versions = client.gallery_image_versions
    await versions.begin_create_or_update(GROUP, NAME, "linux", "2.0.0", version_body())
    await clock.advance(1600)
    with pytest.raises(HttpResponseError) as refused:
        await _delete(client, clock, "2.0.0")
    assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")
    await _delete(client, clock, "2.0.0", bypass_soft_delete=True)
    await versions.begin_create_or_update(GROUP, NAME, "linux", "3.0.0", version_body())
    await _delete(client, clock, "3.0.0")
    assert await _bin(client) == {}


async def test_the_bin_blocks_its_definition_until_soft_delete_is_off(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    for version in ("0.9.0", "1.0.0"):
        await _delete(client, clock, version)
    with pytest.raises(HttpResponseError) as refused:
        await client.gallery_images.begin_delete(GROUP, NAME, "linux")
    assert code_of(refused) == "CannotDeleteResource"
    for enabled in (True, False):
        policy = {"isSoftDeleteEnabled": enabled, "retentionPeriodInDays": 30, "gracePeriodInDays": 1}
        body = {"location": "westeurope", "properties": {"softDeletePolicy": policy}}
        gallery = await finish(clock, client.galleries.begin_create_or_update(GROUP, NAME, body))
        assert gallery.soft_delete_policy.as_dict() == policy
    await finish(clock, client.gallery_images.begin_delete(GROUP, NAME, "linux"))
    assert simulator.world.store.get(VERSION.partition("/versions/")[0]) is None


async def test_rights_and_kinds_of_the_bin(simulator: Simulator, raw: Raw):
    listed = BIN.rpartition("/")[0]
    assert (await raw("GET", listed.replace("/Images/", "/Applications/") + NOW)).refusal == (400, "InvalidParameter")
    assert (await raw("GET", listed.replace("/linux/", "/other/") + NOW)).refusal == (404, "ParentResourceNotFound")
    kind = "Microsoft.Compute/galleries/softDeletedArtifactTypes/artifacts/versions"
    simulator.role = Role(("*",), (f"{kind}/read", f"{kind}/delete"))
    assert (await raw("GET", listed + NOW)).refusal == (403, "AuthorizationFailed")
    assert (await raw("DELETE", BIN + NOW)).refusal == (403, "AuthorizationFailed")
