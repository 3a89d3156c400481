"""Types of gallery resources, what a definition requires, and where a version can be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from emulators.arm.galleries.replication import Replication
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource

GALLERY = "Microsoft.Compute/galleries"


DEFINITION = "Microsoft.Compute/galleries/images"


VERSION = "Microsoft.Compute/galleries/images/versions"


type OsState = Literal["Generalized", "Specialized"]


@dataclass(frozen=True)
class DefinitionFacts:
    """What an image definition requires of its versions; `security` is the value of the feature SecurityType."""

    os_type: str
    os_state: OsState
    generation: str
    security: str | None
    plan: Mapping[str, str] | None
    architecture: str
    #: Disk controllers from which its versions boot: the feature DiskControllerTypes.
    controllers: tuple[str, ...]

    @staticmethod
    def of(definition: Resource) -> "DefinitionFacts":
        """Read from the resource."""
        shown = definition.properties
        features = {entry["name"].lower(): entry["value"] for entry in shown.get("features", [])}
        return DefinitionFacts(
            os_type=shown["osType"],
            os_state=shown["osState"],
            generation=shown.get("hyperVGeneration", "V1"),
            security=features.get("securitytype"),
            plan=shown.get("purchasePlan"),
            architecture=shown.get("architecture", "x64"),
            controllers=controllers(features.get("diskcontrollertypes", "SCSI")),
        )


def controllers(text: str) -> tuple[str, ...]:
    """The disk controllers in a value of the feature DiskControllerTypes, such as `SCSI, NVMe`."""
    return tuple(part.strip() for part in text.split(","))


def number(version: Resource) -> tuple[int, ...]:
    """A version's name as numbers, to sort versions."""
    return tuple(int(part) for part in version.name.split("."))


def usable_regions(version: Resource, replication: Replication) -> frozenset[str]:
    """Regions where VMs can be created from it: none before it succeeded once, or after it failed."""
    if version.deleting or version.provisioning_state not in ("Succeeded", "Updating"):
        return frozenset()
    return replication.completed(version)


def latest_regions(version: Resource, replication: Replication) -> frozenset[str]:
    """Regions where it counts for the latest version."""
    publishing = version.properties["publishingProfile"]
    if publishing.get("excludeFromLatest"):
        return frozenset()
    excluded = {region_key(t["name"]) for t in publishing["targetRegions"] if t.get("excludeFromLatest")}
    return usable_regions(version, replication) - excluded
