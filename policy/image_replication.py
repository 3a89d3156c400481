"""Checks the state of an image version and of its replication."""

from enum import StrEnum

from contracts.activities.image import ImageVersionRead
from contracts.facts import RegionState
from contracts.message import Message


class Standing(StrEnum):
    """The state of an image version, from one read of it."""

    UNDER_WAY = "underWay"
    SUCCEEDED = "succeeded"
    GONE = "gone"
    FOREIGN = "foreign"
    """The name belongs to a version of another run."""
    FAILED = "failed"
    """The entire version failed: it is missing in its own region, so that nothing can be replicated."""
    REGIONS_FAILED = "regionsFailed"
    UNSETTLED = "unsettled"
    """No operation is in progress, but the regions are not the requested ones: the last update had no effect yet."""


class Seen(Message):
    """The state, the regions that failed, and the reason in Azure's words."""

    standing: Standing
    failed: tuple[RegionState, ...] = ()
    why: str = ""


def check_replication(
    read: ImageVersionRead, *, run_id: str, home: str, wanted: tuple[str, ...], shallow: bool
) -> Seen:
    """Check a version that should be replicated to the regions `wanted`, including `home`.

    Other regions are ignored: Azure may still show them after they were removed. A shallow version has succeeded once
    it is provisioned, whether or not Azure shows a replication.
    """
    if read.provisioning_state is None:
        return Seen(standing=Standing.GONE, why="the version does not exist any more")
    if read.run_id != run_id:
        return Seen(standing=Standing.FOREIGN, why=_foreign(read.run_id))
    state = read.provisioning_state.lower()
    if state not in {"succeeded", "failed"}:
        return Seen(standing=Standing.UNDER_WAY)
    return _at_rest(read, home, wanted, failed=state == "failed", shallow=shallow)


def _foreign(run_id: str | None) -> str:
    return f"the version has the tag of run {run_id}" if run_id else "the version has no run's tag"


def describe(regions: tuple[RegionState, ...]) -> str:
    """Return the state and progress of each region as text."""
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
        return Seen(standing=Standing.SUCCEEDED)
    return Seen(standing=Standing.UNSETTLED, why=f"{read.provisioning_state}: {describe(read.regions)}")
