"""A size as the list of SKUs shows it: its capabilities, its zones and its restrictions."""

from typing import Any

from emulators.arm.compute.sizes.capacity import Capacity, all_zones
from emulators.arm.compute.sizes.table import Size, zones_of


def _capabilities(size: Size) -> dict[str, object]:
    series, premium = size.series, size.series.premium
    shown: dict[str, object] = {
        "MaxResourceVolumeMB": size.cores * 37888 if series.local_disk else 0,
        "OSVhdSizeMB": 1047552,
        "vCPUs": size.cores,
        "MemoryPreservingMaintenanceSupported": series.confidential is None,
        "HyperVGenerations": ",".join(series.generations),
        "DiskControllerTypes": ", ".join(series.controllers),
        "MemoryGB": f"{size.memory_gb:g}",
        "MaxDataDiskCount": size.data_disks,
        "CpuArchitectureType": series.architecture,
        "LowPriorityCapable": True,
        "HibernationSupported": size.hibernation,
        "PremiumIO": premium,
        "VMDeploymentTypes": "IaaS",
        "vCPUsAvailable": size.available,
        "vCPUsPerCore": 1 if series.architecture == "Arm64" or series.confidential is not None else 2,
        "UncachedDiskIOPS": size.cores * 1875,
        "EphemeralOSDiskSupported": premium and series.local_disk,
        "EncryptionAtHostSupported": premium,
        "CapacityReservationSupported": True,
        "AcceleratedNetworkingEnabled": True,
        "RdmaEnabled": False,
        "MaxNetworkInterfaces": max(2, min(8, size.cores // 2)),
    }
    # Azure shows these only where they apply.
    if size.parent is not None:
        shown["ParentSize"] = size.parent.removeprefix("Standard_")
    if premium and series.local_disk:
        shown["SupportedEphemeralOSDiskPlacements"] = "ResourceDisk"
    if not series.trusted_launch:
        shown["TrustedLaunchDisabled"] = True
    if series.confidential is not None:
        shown["ConfidentialComputingType"] = series.confidential
    return shown


def _listed(capabilities: dict[str, object]) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in capabilities.items()]


def size_sku(capacity: Capacity, size: Size, location: str) -> dict[str, Any]:
    """The entry of a size in one region; Azure has an entry for each region."""
    zones, ultra = zones_of(location), {"UltraSSDAvailable": True}
    info: dict[str, Any] = {"location": location, "zones": list(zones), "zoneDetails": []}
    if zones and size.series.ultra:
        info["zoneDetails"] = [{"Name": list(zones), "capabilities": _listed({**ultra})}]
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [info],
        "capabilities": _listed(_capabilities(size)),
        "restrictions": _restrictions(capacity, size, location),
    }


def _restrictions(capacity: Capacity, size: Size, location: str) -> list[dict[str, Any]]:
    """A restricted region is listed as such, and each of its zones too."""
    shown: list[dict[str, Any]] = []
    for held in capacity.restrictions_of(size.name, location):
        zones = all_zones(location, held)
        common: dict[str, Any] = {"values": [location], "reasonCode": held.reason}
        if not held.zones:
            shown.append({"type": "Location", **common, "restrictionInfo": {"locations": [location]}})
        if zones:
            places = {"locations": [location], "zones": list(zones)}
            shown.append({"type": "Zone", **common, "restrictionInfo": places})
    return shown


_DISKS = (
    ("Standard_LRS", "Standard", False), ("StandardSSD_LRS", "Standard", False), ("Premium_LRS", "Premium", False),
    ("PremiumV2_LRS", "Premium", True), ("UltraSSD_LRS", "Ultra", True),
)  # fmt: skip


def disk_skus(location: str) -> list[dict[str, Any]]:
    """The disk types of a region; two are only in zones."""
    zones = zones_of(location)
    return [
        {
            "resourceType": "disks",
            "name": name,
            "tier": tier,
            "locations": [location],
            "locationInfo": [{"location": location, "zones": list(zones), "zoneDetails": []}],
            "capabilities": [],
            "restrictions": [],
        }
        for name, tier, zonal in _DISKS
        if zones or not zonal
    ]
