"""Strict bodies of galleries, image definitions, image versions and managed images."""

from emulators.arm.http.schemas import ListOf, Members, Texts

_TAGS = Texts()

_SOFT_DELETE = Members(
    "SoftDeletePolicy", {"isSoftDeleteEnabled": bool, "retentionPeriodInDays": int, "gracePeriodInDays": int}
)
GALLERY = Members(
    "Gallery",
    {
        "location": str,
        "tags": _TAGS,
        "properties": Members("GalleryProperties", {"description": str, "softDeletePolicy": _SOFT_DELETE}),
    },
    ("location",),
)

_IDENTIFIER = Members(
    "GalleryImageIdentifier", {"publisher": str, "offer": str, "sku": str}, ("publisher", "offer", "sku")
)
_PLAN = Members("ImagePurchasePlan", {"name": str, "publisher": str, "product": str})
_FEATURE = Members("GalleryImageFeature", {"name": str, "value": str, "startsAtVersion": str}, ("name", "value"))
_DEFINITION_PROPERTIES = Members(
    "GalleryImageProperties",
    {
        "description": str, "osType": str, "osState": str, "hyperVGeneration": str, "architecture": str,
        "endOfLifeDate": str, "identifier": _IDENTIFIER, "features": ListOf(_FEATURE), "purchasePlan": _PLAN,
        "allowUpdateImage": bool,
    },
    ("osType", "osState", "identifier"),
)  # fmt: skip
GALLERY_IMAGE = Members(
    "GalleryImage", {"location": str, "tags": _TAGS, "properties": _DEFINITION_PROPERTIES}, ("location", "properties")
)

_OS_ENCRYPTION = Members("OSDiskImageEncryption", {"diskEncryptionSetId": str})
_DATA_ENCRYPTION = Members("DataDiskImageEncryption", {"lun": int, "diskEncryptionSetId": str}, ("lun",))
_ENCRYPTION = Members("EncryptionImages", {"osDiskImage": _OS_ENCRYPTION, "dataDiskImages": ListOf(_DATA_ENCRYPTION)})
_TARGET_REGION = Members(
    "TargetRegion",
    {
        "name": str, "regionalReplicaCount": int, "storageAccountType": str, "encryption": _ENCRYPTION,
        "excludeFromLatest": bool,
    },
    ("name",),
)  # fmt: skip
_PUBLISHING = Members(
    "GalleryImageVersionPublishingProfile",
    {
        "targetRegions": ListOf(_TARGET_REGION), "replicaCount": int, "excludeFromLatest": bool, "endOfLifeDate": str,
        "storageAccountType": str, "replicationMode": str,
    },
)  # fmt: skip
_VERSION_SOURCE = Members("GalleryArtifactVersionFullSource", {"id": str, "virtualMachineId": str})
_DISK_SOURCE = Members("GalleryDiskImageSource", {"id": str}, ("id",))
_OS_DISK = Members("GalleryOSDiskImage", {"source": _DISK_SOURCE, "hostCaching": str})
_DATA_DISK = Members("GalleryDataDiskImage", {"lun": int, "source": _DISK_SOURCE, "hostCaching": str}, ("lun",))
_STORAGE = Members(
    "GalleryImageVersionStorageProfile",
    {"source": _VERSION_SOURCE, "osDiskImage": _OS_DISK, "dataDiskImages": ListOf(_DATA_DISK)},
)
_SAFETY = Members("GalleryImageVersionSafetyProfile", {"allowDeletionOfReplicatedLocations": bool})
_VERSION_MEMBERS = {
    "publishingProfile": _PUBLISHING,
    "storageProfile": _STORAGE,
    "safetyProfile": _SAFETY,
    "restore": bool,
}
GALLERY_VERSION = Members(
    "GalleryImageVersion",
    {
        "location": str,
        "tags": _TAGS,
        "properties": Members("GalleryImageVersionProperties", _VERSION_MEMBERS),
    },
    ("location",),
)
GALLERY_VERSION_UPDATE = Members(
    "GalleryImageVersionUpdate",
    {"tags": _TAGS, "properties": Members("GalleryImageVersionProperties", _VERSION_MEMBERS)},
)
