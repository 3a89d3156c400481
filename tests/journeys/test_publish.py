"""VMs in place whose image is published: the rollback snapshot, a region that fails, two runs on one definition."""

from typing import Any

from contracts.resources import resource_name
from contracts.results import Outcome
from contracts.tags import KEEP_TAG
from emulators.arm import VmSpec
from tests.support.golden import TWO_REGIONS, add_definition, definition_id, standing, version_options, versions
from tests.support.journey import journey, spec
from tests.support.requests import GROUP, accepted, job, request, vm_id

PLAIN: dict[str, Any] = {"image": version_options(validated=False), "rollbackSnapshot": False}


def test_a_windows_vm_in_place_keeps_its_snapshot_and_loses_a_region_that_fails_twice() -> None:
    with journey(spec("vm1", os="Windows")) as reported:
        add_definition(reported, "web", "Windows")
        world = reported.simulator.world
        world.replication.fail_region("web/*", "northeurope", "no capacity", times=None)
        result = reported.report(job(target={"image": version_options(validated=False, targetRegions=TWO_REGIONS)}))
        snapshot = world.store.get(
            f"{GROUP}/providers/Microsoft.Compute/snapshots/{resource_name(result.run_id, 'rollback-snapshot')}"
        )
        latest, left = world.galleries.latest(definition_id()), standing(reported, result)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert result.image is not None
    assert [region.name for region in result.image.regions] == ["westeurope"]
    assert [(region.name, "no capacity" in region.details) for region in result.image.dropped_regions] == [
        ("northeurope", True)
    ]
    assert snapshot is not None
    assert snapshot.content is not None
    assert not snapshot.content.deprovisioned, "it is the disk from before the point of no return"
    assert result.rollback_snapshot is not None
    assert snapshot.tags[KEEP_TAG] == result.rollback_snapshot.keep_until.isoformat(timespec="seconds")
    assert latest is not None
    assert sorted(left) == sorted(result.created_resources) == sorted([snapshot.id, latest.id])


def test_two_runs_that_publish_at_once_choose_two_names() -> None:
    names = ["vm1", "vm2"]
    with journey(*(spec(name) for name in names), emulate_linux=True) as reported:
        add_definition(reported)
        result = reported.send_batch(accepted(request(*names, target=PLAIN)))
        found = versions(reported)
        puts = [r.status for r in reported.simulator.requests() if r.operation == "galleryImageVersions.createOrUpdate"]
    assert result.counts == {Outcome.PUBLISHED: 2}
    assert [(version.name, version.provisioning_state) for version in found] == [
        ("1.0.0", "Succeeded"),
        ("1.0.1", "Succeeded"),
    ]
    assert {version.tags["golden-image-source"] for version in found} == {vm_id(name) for name in names}
    assert puts == [201, 201], "neither requested the other's name"


def finished(name: str) -> VmSpec:
    """Return a VM that was generalized and deallocated before."""
    return spec(name, power="deallocated", generalized=True)


def test_older_versions_go_but_the_one_that_a_scale_set_uses() -> None:
    options = version_options(validated=False, retention={"keep": 1, "minimumAgeDays": 0, "dryRun": False})
    with journey(*(finished(f"vm{number}") for number in range(3)), emulate_linux=True) as reported:
        add_definition(reported)
        world = reported.simulator.world
        for number in range(2):
            reported.report(job(f"vm{number}", request_id=f"r{number}", target=PLAIN))
        world.add_scale_set("web", GROUP, f"{definition_id()}/versions/1.0.0")
        third = reported.report(job("vm2", request_id="r2", target={"image": options}))
        kept = [version.name for version in versions(reported) if not version.deleting]
    assert third.image is not None
    assert third.image.retention is not None
    assert third.image.retention.deleted == ("1.0.1",)
    assert "1.0.0" in third.image.retention.kept
    assert kept == ["1.0.0", "1.0.2"]
