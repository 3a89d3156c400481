"""Replication of image versions: progress, failures of a region, and retries."""

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from emulators.arm import Fault, Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of
from tests.emulators.arm.gallery_fleet import GALLERY, publish, status, version_body, version_path

_TWO = ("westeurope", "northeurope")
_SPEC = Path(__file__).parents[4].parent / "shared" / "azure-spec" / "gallery-2022-03-03"
_EXAMPLE = _SPEC / "GalleryImageVersion_Get_WithReplicationStatus.json"


async def _begin(client: Sdk, regions: tuple[str, ...] = _TWO) -> Any:
    body = version_body(regions=regions)
    return await client.gallery_image_versions.begin_create_or_update(GROUP, GALLERY, "linux", "1.0.0", body)


async def _regions(client: Sdk, regions: tuple[str, ...]) -> Any:
    patch = {"properties": {"publishingProfile": {"targetRegions": [{"name": region} for region in regions]}}}
    return await client.gallery_image_versions.begin_update(GROUP, GALLERY, "linux", "1.0.0", patch)


def _states(version: Any) -> dict[str, str]:
    return {entry.region: entry.state for entry in version.replication_status.summary}


async def test_each_region_takes_its_time(simulator: Simulator, client: Sdk, clock: SteppedClock):
    poller = await _begin(client)
    await clock.advance(300)
    version = await status(client)
    assert (version.provisioning_state, version.replication_status.aggregated_state) == ("Creating", "InProgress")
    progress = [entry.progress for entry in version.replication_status.summary]
    assert 50 < progress[0] < 65
    assert 0 < progress[1] <= 50
    await clock.advance(250)
    version = await status(client)
    assert _states(version) == {"West Europe": "Completed", "North Europe": "Replicating"}
    source = simulator.world.image_source(version_path())
    assert source is not None
    assert source.regions == frozenset()
    await clock.advance(1000)
    assert (await poller.result()).provisioning_state == "Succeeded"
    version = await status(client)
    assert version.replication_status.aggregated_state == "Completed"
    assert [entry.progress for entry in version.replication_status.summary] == [100, 100]
    source = simulator.world.image_source(version_path())
    assert source is not None
    assert source.regions == frozenset(_TWO)


@pytest.mark.skipif(not _EXAMPLE.is_file(), reason="the published examples are not available")
async def test_a_version_has_the_members_of_the_published_example(client: Sdk, raw: Raw, clock: SteppedClock):
    await publish(client, clock)
    shown = (await raw("GET", f"{version_path()}?api-version=2024-03-03&$expand=ReplicationStatus")).body
    example = json.loads(_EXAMPLE.read_text())["responses"]["200"]["body"]
    # Members of later api-versions, or of the schema but not of the example.
    newer = {"virtualMachineId", "replicationMode", "excludeFromLatest", "id", "type", "tags", "golden"}
    assert _names(shown) - _names(example) <= newer
    given_only = {"encryption", "diskEncryptionSetId", "osDiskImage", "policyViolations", "category"}
    assert _names(example) - _names(shown) <= given_only


def _names(value: Any) -> set[str]:
    if isinstance(value, dict):
        document: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        return set(document).union(*(_names(member) for member in document.values()))
    items: list[Any] = list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType]
    return set[str]().union(*(_names(item) for item in items))


async def test_a_region_that_fails_fails_the_version_and_can_be_dropped_and_added_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.world.replication.fail_region("linux/1.*", "North Europe", "no capacity")
    poller = await _begin(client)
    await clock.advance(1600)
    with pytest.raises(HttpResponseError, match="failed in region") as failed:
        await poller.result()
    assert code_of(failed) == "ReplicationFailed"
    version = await status(client)
    assert (version.provisioning_state, version.replication_status.aggregated_state) == ("Failed", "Failed")
    assert _states(version) == {"West Europe": "Completed", "North Europe": "Failed"}
    assert "no capacity" in version.replication_status.summary[1].details
    await (await _advanced(await _regions(client, ("westeurope",)), clock, 10)).result()
    assert _states(await status(client)) == {"West Europe": "Completed"}
    again = await _regions(client, _TWO)
    assert (await status(client)).provisioning_state == "Updating"
    await (await _advanced(again, clock, 1600)).result()
    assert _states(await status(client)) == {"West Europe": "Completed", "North Europe": "Completed"}


async def _advanced(poller: Any, clock: SteppedClock, seconds: float) -> Any:
    await clock.advance(seconds)
    return poller


async def test_the_same_put_again_retries_the_failed_region(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.world.replication.fail_region("linux", "northeurope", "no capacity", times=2)
    for _ in range(2):
        poller = await _begin(client)
        await clock.advance(1600)
        with pytest.raises(HttpResponseError):
            await poller.result()
    poller = await _begin(client)
    await clock.advance(1600)
    assert (await poller.result()).provisioning_state == "Succeeded"


async def test_a_failure_in_the_own_region_fails_every_region(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.world.replication.fail_region("*", "westeurope", "disk full")
    await _begin(client)
    await clock.advance(600)
    version = await status(client)
    assert (version.provisioning_state, set(_states(version).values())) == ("Failed", {"Failed"})


async def test_a_region_that_never_ends_blocks_changes_but_not_deletion(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.world.replication.never_ends("northeurope")
    await _begin(client)
    await clock.advance(24 * 3600)
    version = await status(client)
    assert version.provisioning_state == "Creating"
    assert version.replication_status.summary[1].progress == 99
    with pytest.raises(ResourceExistsError, match="concurrent request"):
        await _regions(client, ("westeurope",))
    simulator.world.replication.accepts_updates = True
    dropped = await _regions(client, ("westeurope",))
    await clock.advance(10)
    assert (await dropped.result()).provisioning_state == "Succeeded"
    deleting = await client.gallery_image_versions.begin_delete(GROUP, GALLERY, "linux", "1.0.0")
    await clock.advance(40)
    await deleting.result()


async def test_changing_the_source_later_does_not_matter_but_deleting_it_does(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    await _begin(client)
    version = simulator.world.store.require(version_path())
    content = version.content
    simulator.vm("gold1").guest.boot()
    assert version.content is content
    assert content is not None
    await client.virtual_machines.begin_delete(GROUP, "gold1")
    await clock.advance(1600)
    failed = await status(client)
    assert failed.provisioning_state == "Failed"
    assert "the source was deleted" in failed.replication_status.summary[0].details


async def test_the_source_may_be_deleted_once_the_version_exists(client: Sdk, clock: SteppedClock):
    await publish(client, clock)
    await client.virtual_machines.begin_delete(GROUP, "gold1")
    await clock.advance(60)
    await (await _advanced(await _regions(client, _TWO), clock, 1600)).result()
    assert (await status(client)).provisioning_state == "Succeeded"


async def test_a_region_is_kept_when_the_safety_profile_requires_it(client: Sdk, clock: SteppedClock):
    await publish(client, clock, regions=_TWO)
    patch = {"properties": {"safetyProfile": {"allowDeletionOfReplicatedLocations": False}}}
    poller = await client.gallery_image_versions.begin_update(GROUP, GALLERY, "linux", "1.0.0", patch)
    await (await _advanced(poller, clock, 10)).result()
    with pytest.raises(ResourceExistsError, match=r"cannot be removed from region\(s\) northeurope"):
        await _regions(client, ("westeurope",))


@pytest.mark.parametrize(
    ("fault", "ends", "state"),
    [
        (Fault("operationFails", operation="galleryImageVersions.createOrUpdate", message="broken"), True, "Failed"),
        (Fault("operationNeverEnds", operation="galleryImageVersions.createOrUpdate"), False, "Creating"),
    ],
)
async def test_an_operation_with_an_injected_end(
    simulator: Simulator, client: Sdk, clock: SteppedClock, fault: Fault, ends: bool, state: str
):
    simulator.inject(fault)
    poller = await _begin(client)
    await clock.advance(3 * 3600)
    assert (await status(client)).provisioning_state == state
    if ends:
        with pytest.raises(HttpResponseError, match="broken"):
            await poller.result()


async def test_a_connection_cut_after_the_work_was_accepted_leaves_a_version(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.inject(Fault("cutAfter", operation="galleryImageVersions.createOrUpdate"))
    with pytest.raises(Exception, match=r".+"):
        await _begin(client)
    await clock.advance(1600)
    assert (await status(client)).provisioning_state == "Succeeded"


async def test_a_throttled_put_creates_nothing(simulator: Simulator, raw: Raw):
    simulator.inject(Fault("status", operation="galleryImageVersions.createOrUpdate", status=429, code="Busy"))
    assert (await raw("PUT", version_path(), version_body())).status == 429
    assert simulator.world.store.get(version_path()) is None
