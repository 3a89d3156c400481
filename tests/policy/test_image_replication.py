"""The state of a version, from one read of it."""

from typing import Any

from contracts.activities.image import ImageVersionRead
from contracts.facts import RegionState
from policy.image_replication import Standing, check_replication, describe
from tests.support.rows import rows

type Regions = dict[str, str]

TABLE: dict[str, tuple[str | None, Regions, Standing, list[str]]] = {
    "not there": (None, {}, Standing.GONE, []),
    "creating": ("Creating", {"westeurope": "Replicating"}, Standing.UNDER_WAY, []),
    "deleting": ("Deleting", {"westeurope": "Completed"}, Standing.UNDER_WAY, []),
    "a failed region while it is updated": ("Updating", {"eastus": "Failed"}, Standing.UNDER_WAY, []),
    "succeeded": ("Succeeded", {"westeurope": "Completed", "eastus": "Completed"}, Standing.SUCCEEDED, []),
    "states in any case": ("SUCCEEDED", {"westeurope": "completed", "eastus": "COMPLETED"}, Standing.SUCCEEDED, []),
    "one still copies": ("Succeeded", {"westeurope": "Completed", "eastus": "Replicating"}, Standing.UNDER_WAY, []),
    "one is unknown": ("Succeeded", {"westeurope": "Completed", "eastus": "Unknown"}, Standing.UNDER_WAY, []),
    "one is missing": ("Succeeded", {"westeurope": "Completed"}, Standing.UNSETTLED, []),
    "none is shown": ("Succeeded", {}, Standing.UNSETTLED, []),
    "one more is shown": (
        "Succeeded",
        {"westeurope": "Completed", "eastus": "Completed", "ukwest": "Failed"},
        Standing.SUCCEEDED,
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


def checked(state: str | None, regions: Regions, **more: Any) -> tuple[Standing, list[str], str]:
    shown = tuple(RegionState(name=name, state=value, details=f"{name} said") for name, value in regions.items())
    read = ImageVersionRead(provisioning_state=state, run_id=more.pop("run_id", "r1"), regions=shown)
    shallow = more.pop("shallow", False)
    seen = check_replication(read, run_id="r1", home="westeurope", wanted=("westeurope", "eastus"), shallow=shallow)
    return seen.standing, [region.name for region in seen.failed], seen.why


@rows(("state", "regions", "standing", "failed"), TABLE.values(), ids=TABLE.keys())
def test_standing(state: str | None, regions: Regions, standing: Standing, failed: list[str]) -> None:
    assert checked(state, regions)[:2] == (standing, failed)


def test_a_version_of_another_run_is_foreign() -> None:
    standing, _, why = checked("Succeeded", {"westeurope": "Completed"}, run_id="r2")
    assert standing is Standing.FOREIGN
    assert "r2" in why


def test_a_shallow_version_need_show_no_replication() -> None:
    assert checked("Succeeded", {}, shallow=True)[0] is Standing.SUCCEEDED
    assert checked("Succeeded", {"westeurope": "Completed"}, shallow=True)[0] is Standing.UNSETTLED


def test_the_reason_is_azures_own() -> None:
    assert checked("Failed", {"westeurope": "Completed", "eastus": "Failed"})[2] == "eastus said"


def test_regions_are_reported_in_one_line() -> None:
    regions = (RegionState(name="eastus", state="Replicating", progress=40),)
    assert describe(regions) == "eastus Replicating 40 %"
    assert describe(()) == "no region shown"
