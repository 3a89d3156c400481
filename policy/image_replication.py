"""How an image version stands by what was read of it and of its replication."""

from enum import StrEnum

from contracts.facts import RegionState
from contracts.image_steps import ImageVersionRead
from contracts.message import Message


class Standing(StrEnum):
    """What a look at a version tells."""

    UNDER_WAY = "underWay"
    WHOLE = "whole"
    GONE = "gone"
    FOREIGN = "foreign"
    """Another run's version answers under the name."""
    FAILED = "failed"
    """As a whole: its own region lacks it, so that there is nothing to replicate."""
    REGIONS_FAILED = "regionsFailed"
    UNSETTLED = "unsettled"
    """It has come to rest, and not with the regions asked for: the last order was not heard, or is not shown yet."""


class Seen(Message):
    """The standing, the regions that failed, and the reason in Azure's words."""

    standing: Standing
    failed: tuple[RegionState, ...] = ()
    why: str = ""


def judge_replication(
    read: ImageVersionRead, *, run_id: str, home: str, wanted: tuple[str, ...], shallow: bool
) -> Seen:
    """Judge a version that should be replicated to the regions `wanted`, `home` among them.

    Regions that are not wanted count for nothing: they may still be shown after they were taken out. A shallow
    version is whole once it is provisioned, whether or not Azure shows a replication.
    """
    if read.provisioning_state is None:
        return Seen(standing=Standing.GONE, why="the version is not there any more")
    if read.run_id != run_id:
        return Seen(standing=Standing.FOREIGN, why=f"the version carries the tag of run {read.run_id or 'nobody'}")
    state = read.provisioning_state.lower()
    if state not in {"succeeded", "failed"}:
        return Seen(standing=Standing.UNDER_WAY)
    return _at_rest(read, home, wanted, failed=state == "failed", shallow=shallow)


def describe(regions: tuple[RegionState, ...]) -> str:
    """Say how far each region is."""
    return ", ".join(f"{region.name} {region.state} {region.progress} %" for region in regions) or "no region shown"


def _at_rest(read: ImageVersionRead, home: str, wanted: tuple[str, ...], *, failed: bool, shallow: bool) -> Seen:
    regions = {region.name: region for region in read.regions if region.name in wanted}
    states = {name: region.state.lower() for name, region in regions.items()}
    lost = tuple(
        region for name, region in regions.items() if states[name] == "failed" or (failed and states[name] == "unknown")
    )
    why = next((region.details for region in lost if region.details), "") or f"{describe(lost or read.regions)}"
    if home in {region.name for region in lost} or (failed and states.get(home) is None):
        return Seen(standing=Standing.FAILED, failed=lost, why=why)
    if "replicating" in states.values() or ("unknown" in states.values() and not failed):
        return Seen(standing=Standing.UNDER_WAY)
    if lost:
        return Seen(standing=Standing.REGIONS_FAILED, failed=lost, why=why)
    if not failed and (len(regions) == len(wanted) or (shallow and not regions)):
        return Seen(standing=Standing.WHOLE)
    return Seen(standing=Standing.UNSETTLED, why=f"{read.provisioning_state}: {describe(read.regions)}")
