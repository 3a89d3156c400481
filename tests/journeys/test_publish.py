"""Machines in place whose image is published: the undo snapshot, a region that fails, two runs on one definition."""

from typing import Any

from contracts.made import KEEP_TAG, made_name
from contracts.results import Outcome
from tests.support.golden import TWO_REGIONS, add_definition, definition_id, standing, version_wish, versions
from tests.support.journey import journey, spec
from tests.support.requests import GROUP, accepted, job, request, vm_id
from workbench.arm_simulator import MachineSpec

PLAIN: dict[str, Any] = {"image": version_wish(verified=False), "undoSnapshot": False}


def test_a_windows_machine_in_place_keeps_its_snapshot_and_loses_a_region_that_fails_twice() -> None:
    with journey(spec("vm1", os="Windows")) as told:
        add_definition(told, "web", "Windows")
        world = told.simulator.world
        world.replication.fail_region("web/*", "northeurope", "no capacity", times=None)
        result = told.tell(job(target={"image": version_wish(verified=False, targetRegions=TWO_REGIONS)}))
        snapshot = world.store.get(
            f"{GROUP}/providers/Microsoft.Compute/snapshots/{made_name(result.run_id, 'undo-snapshot')}"
        )
        latest, left = world.galleries.latest(definition_id()), standing(told, result)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert result.image is not None
    assert [region.name for region in result.image.regions] == ["westeurope"]
    assert [(region.name, "no capacity" in region.details) for region in result.image.dropped_regions] == [
        ("northeurope", True)
    ]
    assert snapshot is not None
    assert snapshot.content is not None
    assert not snapshot.content.sealed, "it is the disk from before the point of no return"
    assert result.undo is not None
    assert snapshot.tags[KEEP_TAG] == result.undo.keep_until.isoformat(timespec="seconds")
    assert latest is not None
    assert sorted(left) == sorted(result.made) == sorted([snapshot.id, latest.id])


def test_two_runs_that_publish_at_once_choose_two_names() -> None:
    names = ["vm1", "vm2"]
    with journey(*(spec(name) for name in names), emulate_linux=True) as told:
        add_definition(told)
        result = told.tell_batch(accepted(request(*names, target=PLAIN)))
        found = versions(told)
        puts = [r.status for r in told.simulator.requests() if r.operation == "galleryImageVersions.createOrUpdate"]
    assert result.counts == {Outcome.PUBLISHED: 2}
    assert [(version.name, version.provisioning_state) for version in found] == [
        ("1.0.0", "Succeeded"),
        ("1.0.1", "Succeeded"),
    ]
    assert {version.tags["golden-image-source"] for version in found} == {vm_id(name) for name in names}
    assert puts == [201, 201], "neither asked for the other's name"


def finished(name: str) -> MachineSpec:
    """Give a machine that was generalized and deallocated before."""
    return spec(name, power="deallocated", generalized=True)


def test_older_versions_go_but_the_one_that_a_scale_set_uses() -> None:
    wish = version_wish(verified=False, retention={"keep": 1, "minimumAgeDays": 0, "dryRun": False})
    with journey(*(finished(f"vm{number}") for number in range(3)), emulate_linux=True) as told:
        add_definition(told)
        world = told.simulator.world
        for number in range(2):
            told.tell(job(f"vm{number}", request_id=f"r{number}", target=PLAIN))
        world.add_scale_set("web", GROUP, f"{definition_id()}/versions/1.0.0")
        third = told.tell(job("vm2", request_id="r2", target={"image": wish}))
        kept = [version.name for version in versions(told) if not version.deleting]
    assert third.image is not None
    assert third.image.retired is not None
    assert third.image.retired.deleted == ("1.0.1",)
    assert "1.0.0" in third.image.retired.kept
    assert kept == ["1.0.0", "1.0.2"]
