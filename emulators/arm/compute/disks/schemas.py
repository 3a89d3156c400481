"""Strict bodies of disks and snapshots."""

from emulators.arm.http.schemas import ListOf, Members, Schema, Texts

_CREATION = Members(
    "CreationData",
    {
        "createOption": str, "sourceResourceId": str,
        "galleryImageReference": Members("ImageDiskReference", {"id": str, "lun": int}, ("id",)),
        "performancePlus": bool, "logicalSectorSize": int,
    },
    ("createOption",),
)  # fmt: skip
_PLAN = Members(
    "PurchasePlan",
    {"name": str, "publisher": str, "product": str, "promotionCode": str},
    ("name", "publisher", "product"),
)
_BOTH: dict[str, Schema] = {
    "creationData": _CREATION, "osType": str, "hyperVGeneration": str, "diskSizeGB": int,
    "securityProfile": Members("DiskSecurityProfile", {"securityType": str, "secureVMDiskEncryptionSetId": str}),
    "encryption": Members("Encryption", {"type": str, "diskEncryptionSetId": str}), "networkAccessPolicy": str,
    "publicNetworkAccess": str, "dataAccessAuthMode": str, "diskAccessId": str, "purchasePlan": _PLAN,
    "supportedCapabilities": Members(
        "SupportedCapabilities",
        {"diskControllerTypes": str, "acceleratedNetwork": bool, "architecture": str},
    ),
    "supportsHibernation": bool,
}  # fmt: skip
_DISK_PROPERTIES = Members(
    "DiskProperties",
    {**_BOTH, "maxShares": int, "tier": str, "burstingEnabled": bool, "optimizedForFrequentAttach": bool},
    ("creationData",),
)
_SNAPSHOT_PROPERTIES = Members("SnapshotProperties", {**_BOTH, "incremental": bool}, ("creationData",))
_SKU = Members("DiskSku", {"name": str}, ("name",))

DISK = Members(
    "Disk",
    {"location": str, "tags": Texts(), "sku": _SKU, "zones": ListOf(str), "properties": _DISK_PROPERTIES},
    ("location", "properties"),
)
SNAPSHOT = Members(
    "Snapshot",
    {"location": str, "tags": Texts(), "sku": _SKU, "properties": _SNAPSHOT_PROPERTIES},
    ("location", "properties"),
)
_EXPORT: dict[str, Schema] = {"networkAccessPolicy": str, "publicNetworkAccess": str}
#: An update of a disk or a snapshot: its tags and its network access.
UPDATE = Members("DiskUpdate", {"tags": Texts(), "properties": Members("DiskUpdateProperties", _EXPORT)})
