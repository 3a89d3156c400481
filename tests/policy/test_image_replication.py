"""How a version stands by what was read of it."""

from typing import Any

import pytest

from contracts.facts import RegionState
from contracts.image_steps import ImageVersionRead
from policy.image_replication import Standing, describe, judge_replication

type Regions = dict[str, str]

TABLE: dict[str, tuple[str | None, Regions, Standing, list[str]]] = {
    "not there": (None, {}, Standing.GONE, []),
    "creating": ("Creating", {"westeurope": "Replicating"}, Standing.UNDER_WAY, []),
    "deleting": ("Deleting", {"westeurope": "Completed"}, Standing.UNDER_WAY, []),
    "a failed region while it is updated": ("Updating", {"eastus": "Failed"}, Standing.UNDER_WAY, []),
    "whole": ("Succeeded", {"westeurope": "Completed", "eastus": "Completed"}, Standing.WHOLE, []),
    "states in any case": ("SUCCEEDED", {"westeurope": "completed", "eastus": "COMPLETED"}, Standing.WHOLE, []),
    "one still copies": ("Succeeded", {"westeurope": "Completed", "eastus": "Replicating"}, Standing.UNDER_WAY, []),
    "one is unknown": ("Succeeded", {"westeurope": "Completed", "eastus": "Unknown"}, Standing.UNDER_WAY, []),
    "one is missing": ("Succeeded", {"westeurope": "Completed"}, Standing.UNSETTLED, []),
    "none is shown": ("Succeeded", {}, Standing.UNSETTLED, []),
    "one more is shown": (
        "Succeeded",
        {"westeurope": "Completed", "eastus": "Completed", "ukwest": "Failed"},
        Standing.WHOLE,
        [],
    ),
    "a region failed": ("Failed", {"westeurope": "Completed", "eastus": "Failed"}, Standing.REGIONS_FAILED, ["eastus"]),
    "a region failed, says only its state": (
        "Succeeded",
        {"westeurope": "Completed", "eastus": "Failed"},
        Standing.REGIONS_FAILED,
        ["eastus"],
    ),
    "failed with an unknown region": (
        "Failed",
        {"westeurope": "Completed", "eastus": "Unknown"},
        Standing.REGIONS_FAILED,
        ["eastus"],
    ),
    "failed while one copies": ("Failed", {"westeurope": "Completed", "eastus": "Replicating"}, Standing.UNDER_WAY, []),
    "home failed": ("Failed", {"westeurope": "Failed", "eastus": "Replicating"}, Standing.FAILED, ["westeurope"]),
    "failed before any region": ("Failed", {}, Standing.FAILED, []),
    "failed, only a foreign region shown": ("Failed", {"ukwest": "Completed"}, Standing.FAILED, []),
    "failed with every region": (
        "Failed",
        {"westeurope": "Completed", "eastus": "Completed"},
        Standing.UNSETTLED,
        [],
    ),
}


def judged(state: str | None, regions: Regions, **more: Any) -> tuple[Standing, list[str], str]:
    shown = tuple(RegionState(name=name, state=value, details=f"{name} said") for name, value in regions.items())
    read = ImageVersionRead(provisioning_state=state, run_id=more.pop("run_id", "r1"), regions=shown)
    shallow = more.pop("shallow", False)
    seen = judge_replication(read, run_id="r1", home="westeurope", wanted=("westeurope", "eastus"), shallow=shallow)
    return seen.standing, [region.name for region in seen.failed], seen.why


@pytest.mark.parametrize(("state", "regions", "standing", "failed"), TABLE.values(), ids=TABLE.keys())
def test_standing(state: str | None, regions: Regions, standing: Standing, failed: list[str]) -> None:
    assert judged(state, regions)[:2] == (standing, failed)


def test_another_runs_version_is_not_ours() -> None:
    standing, _, why = judged("Succeeded", {"westeurope": "Completed"}, run_id="r2")
    assert standing is Standing.FOREIGN
    assert "r2" in why


def test_a_shallow_version_need_show_no_replication() -> None:
    assert judged("Succeeded", {}, shallow=True)[0] is Standing.WHOLE
    assert judged("Succeeded", {"westeurope": "Completed"}, shallow=True)[0] is Standing.UNSETTLED


def test_the_reason_is_azures_own() -> None:
    assert judged("Failed", {"westeurope": "Completed", "eastus": "Failed"})[2] == "eastus said"


def test_regions_are_told_in_one_line() -> None:
    regions = (RegionState(name="eastus", state="Replicating", progress=40),)
    assert describe(regions) == "eastus Replicating 40 %"
    assert describe(()) == "no region shown"
