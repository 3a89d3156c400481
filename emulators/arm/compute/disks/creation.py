"""Disks and snapshots: their sources, the properties that a copy inherits, and their JSON."""

import copy
from collections.abc import Mapping
from typing import Any

from emulators.arm.authorization.linked_rights import require_linked
from emulators.arm.compute.disks.references import check_encryption_set, image_properties, require_image
from emulators.arm.compute.disks.views import DISKS, SNAPSHOTS, content_of, holds_memory
from emulators.arm.compute.sizes.table import zones_of
from emulators.arm.errors import ArmError, invalid_parameter, missing_parameter, not_allowed
from emulators.arm.guests.model import DiskContent
from emulators.arm.state.ids import same_subscription
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World

_SKUS = {
    DISKS: (
        "Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS", "PremiumV2_LRS",
        "UltraSSD_LRS",
    ),
    SNAPSHOTS: ("Standard_LRS", "Standard_ZRS", "Premium_LRS"),
}  # fmt: skip
#: Properties that a copy inherits from its source unless its own PUT sets them.
_INHERITED = (
    "osType", "hyperVGeneration", "purchasePlan", "securityProfile", "supportedCapabilities", "diskSizeGB",
    "encryptionSettingsCollection", "encryption", "supportsHibernation",
)  # fmt: skip
_EXPORT = {
    "networkAccessPolicy": ("AllowAll", "AllowPrivate", "DenyAll"),
    "publicNetworkAccess": ("Enabled", "Disabled"),
}
#: Properties that must be the same for a copy and its source.
_FIXED = ("osType", "hyperVGeneration")


#: Disk types that exist only in a zone, hold no operating system, and have only incremental snapshots.
ZONAL_SKUS = ("UltraSSD_LRS", "PremiumV2_LRS")


class Written:
    """A PUT of a disk or a snapshot, checked but not stored yet. Raises ArmError."""

    def __init__(self, world: World, resource_id: str, kind: str, body: dict[str, Any]) -> None:
        self._world = world
        self._id = resource_id
        self._kind = kind
        self.location: str = body["location"]
        self.zones: tuple[str, ...] = tuple(body.get("zones", ()))
        self.sku: dict[str, Any] = body.get("sku") or {"name": "Standard_LRS"}
        self.properties: dict[str, Any] = dict(body["properties"])
        self.content: DiskContent | None = None
        self.hibernated = False
        #: A snapshot whose data is copied in the background; it cannot be used before.
        self.slow = False
        self._check_shape()
        self._check_rights()
        self._check_encryption_set()
        self._take_over()

    def _check_shape(self) -> None:
        if self.sku["name"] not in _SKUS[self._kind]:
            known = ", ".join(_SKUS[self._kind])
            raise invalid_parameter("sku.name", f"The sku '{self.sku['name']}' is not one of {known}.")
        for zone in self.zones:
            if zone not in ("1", "2", "3") or self.sku["name"].endswith("_ZRS"):
                message = f"The zone(s) '{zone}' for resource '{self._id}' is not supported."
                raise ArmError(400, "InvalidAvailabilityZone", message)
        if self.sku["name"] in ZONAL_SKUS and not self.zones and zones_of(self.location):
            message = (
                f"Managed disks of type {self.sku['name']} can only be created in an availability zone in location "
                f"'{self.location}'."
            )
            raise invalid_parameter("zones", message)
        if self.sku["name"] in ZONAL_SKUS and "osType" in self.properties:
            raise invalid_parameter("osType", f"A disk of type {self.sku['name']} can only be a data disk.")
        size = self.properties.get("diskSizeGB")
        if size is not None and not 1 <= size <= 65536:
            raise invalid_parameter("disk.diskSizeGB", "The value of parameter disk.diskSizeGB is out of range.")
        shares = self.properties.get("maxShares", 1)
        if not 1 <= shares <= 10:
            raise invalid_parameter("disk.maxShares", "The value of parameter disk.maxShares is out of range.")
        check_export(self.properties)

    def _check_rights(self) -> None:
        linked: list[tuple[str, str]] = []
        source = self.properties["creationData"].get("sourceResourceId")
        if source is not None:
            kind = "snapshots" if "/snapshots/" in source.lower() else "disks"
            linked.append((f"Microsoft.Compute/{kind}/beginGetAccess/action", source))
        image = self.properties["creationData"].get("galleryImageReference")
        if image is not None:
            linked.append(("Microsoft.Compute/galleries/images/versions/read", image["id"]))
        if (set_id := self.properties.get("encryption", {}).get("diskEncryptionSetId")) is not None:
            linked.append(("Microsoft.Compute/diskEncryptionSets/read", set_id))
        require_linked(self._world, f"{self._kind}/write", self._id, linked)

    def _check_encryption_set(self) -> None:
        set_id = self.properties.get("encryption", {}).get("diskEncryptionSetId")
        if set_id is not None:
            check_encryption_set(self._world, set_id, self.location, self._id)

    def _take_over(self) -> None:
        creation = self.properties["creationData"]
        option = creation["createOption"]
        if option == "Copy":
            self._copy(self._source(creation))
        elif option == "FromImage" and self._kind == DISKS:
            self._from_image(creation)
        elif option == "Empty" and self._kind == DISKS:
            if "diskSizeGB" not in self.properties:
                raise missing_parameter("disk.diskSizeGB")
        else:
            message = f"The value '{option}' of parameter 'creationData.createOption' is not allowed."
            raise invalid_parameter("creationData.createOption", message)
        encryption: dict[str, Any] = self.properties.setdefault("encryption", {})
        customer = "diskEncryptionSetId" in encryption
        encryption.setdefault("type", f"EncryptionAtRestWith{'Customer' if customer else 'Platform'}Key")
        self.properties.setdefault("networkAccessPolicy", "AllowAll")
        self.properties.setdefault("publicNetworkAccess", "Enabled")

    def _source(self, creation: dict[str, Any]) -> Resource:
        source_id = creation.get("sourceResourceId")
        if source_id is None:
            raise missing_parameter("creationData.sourceResourceId")
        source = self._world.store.require(source_id)
        if source.kind not in (DISKS, SNAPSHOTS):
            raise invalid_parameter("creationData.sourceResourceId", f"'{source_id}' is not a disk or a snapshot.")
        if region_key(source.location) != region_key(self.location):
            message = (
                f"Source resource '{source_id}' is in region '{source.location}', which is different from the region "
                f"'{self.location}' of the resource being created."
            )
            raise invalid_parameter("creationData.sourceResourceId", message)
        if self.properties.get("incremental") and source.kind == DISKS and not same_subscription(source_id, self._id):
            message = f"An incremental snapshot of '{source_id}' must be in the disk's subscription."
            raise invalid_parameter("creationData.sourceResourceId", message)
        if source.provisioning_state != "Succeeded" or source.deleting:
            message = (
                f"Source resource '{source_id}' is not ready: its provisioning state is {source.provisioning_state}."
            )
            raise not_allowed(message)
        if source.properties.get("completionPercent", 100.0) < 100.0:
            message = (
                f"Snapshot '{source_id}' cannot be used: the copy of its data has not finished. Its completionPercent "
                f"is {source.properties['completionPercent']}."
            )
            raise not_allowed(message)
        return source

    def _copy(self, source: Resource) -> None:
        sku = (source.sku or {}).get("name")
        if sku in ZONAL_SKUS:
            self._copy_of_zonal(str(sku), source)
        for name in _FIXED:
            given, had = self.properties.get(name), source.properties.get(name)
            if given is not None and had is not None and given != had:
                message = f"The value '{given}' of '{name}' does not fit the source '{source.id}', which has '{had}'."
                raise invalid_parameter(f"properties.{name}", message)
        size: int = source.properties["diskSizeGB"]
        if self.properties.get("diskSizeGB", size) < size:
            raise invalid_parameter("disk.diskSizeGB", f"The size must not be below the source's {size} GB.")
        for name in _INHERITED:
            if name in source.properties:
                self.properties.setdefault(name, copy.deepcopy(source.properties[name]))
        self.content, self.hibernated = content_of(self._world, source), holds_memory(self._world, source)

    def _copy_of_zonal(self, sku: str, source: Resource) -> None:
        """An Ultra disk or a Premium SSD v2 is copied only by an incremental snapshot."""
        if self._kind == DISKS:
            message = f"A disk of type {sku} cannot be copied to a disk; create a snapshot of '{source.id}'."
            raise invalid_parameter("creationData.sourceResourceId", message)
        if not self.properties.get("incremental"):
            raise invalid_parameter("properties.incremental", f"A disk of type {sku} has only incremental snapshots.")
        self.slow = True

    def _from_image(self, creation: dict[str, Any]) -> None:
        reference = creation.get("galleryImageReference")
        if reference is None:
            raise missing_parameter("creationData.galleryImageReference")
        image = require_image(self._world, reference["id"], self.location)
        if (lun := reference.get("lun")) is None:
            self.content = image.content
            self.properties |= image_properties(image)
            return
        disk = next((disk for disk in image.data_disks if disk.lun == lun), None)
        if disk is None:
            raise invalid_parameter("galleryImageReference.lun", f"The image has no data disk with lun {lun}.")
        self.content = disk.content
        self.properties.setdefault("diskSizeGB", disk.size_gb)


def check_export(properties: Mapping[str, Any]) -> None:
    """Raises 400 for an unknown value of the properties that control the export of a disk or a snapshot."""
    for name, known in _EXPORT.items():
        if properties.get(name, known[0]) not in known:
            message = f"The value '{properties[name]}' of parameter '{name}' is not one of {', '.join(known)}."
            raise invalid_parameter(name, message)
