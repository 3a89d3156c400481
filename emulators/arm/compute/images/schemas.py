"""The strict body of a managed image."""

from emulators.arm.http.schemas import Members, Texts

_SUB_RESOURCE = Members("SubResource", {"id": str}, ("id",))


_IMAGE_STORAGE = Members("ImageStorageProfile", {"zoneResilient": bool})


_IMAGE_PROPERTIES = Members(
    "ImageProperties",
    {"sourceVirtualMachine": _SUB_RESOURCE, "hyperVGeneration": str, "storageProfile": _IMAGE_STORAGE},
    ("sourceVirtualMachine",),
)


MANAGED_IMAGE = Members(
    "Image", {"location": str, "tags": Texts(), "properties": _IMAGE_PROPERTIES}, ("location", "properties")
)
