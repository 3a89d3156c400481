"""What a new disk refers to: its image and its disk encryption set."""

from collections.abc import Mapping
from typing import Any

from emulators.arm.errors import ArmError, invalid_parameter
from emulators.arm.state.ids import same_subscription
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import ImageSource
from emulators.arm.state.world import World


def check_encryption_set(world: World, set_id: str, location: str, by: str) -> None:
    """Raises 404 or 400 when there is no such disk encryption set in the region, or `by` has another subscription."""
    found = world.store.require(set_id)
    if found.kind != "Microsoft.Compute/diskEncryptionSets" or region_key(found.location) != region_key(location):
        message = f"There is no disk encryption set '{set_id}' in region '{location}'."
        raise invalid_parameter("encryption.diskEncryptionSetId", message)
    if not same_subscription(set_id, by):
        message = f"The disk encryption set '{set_id}' is not in the subscription of the resource '{by}'."
        raise invalid_parameter("encryption.diskEncryptionSetId", message)


def capabilities(architecture: str, controllers: tuple[str, ...]) -> dict[str, Any]:
    """What an OS disk says of the VMs that can boot from it."""
    shown: dict[str, Any] = {"acceleratedNetwork": True, "architecture": architecture}
    return {**shown, "diskControllerTypes": ", ".join(controllers)}


def architecture_of(properties: Mapping[str, Any]) -> str:
    """The architecture of an OS disk; one that does not say it is x64."""
    return str(properties.get("supportedCapabilities", {}).get("architecture", "x64"))


def controllers_of(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The disk controllers from which an OS disk can boot; one that does not say it boots from SCSI."""
    given = str(properties.get("supportedCapabilities", {}).get("diskControllerTypes", "SCSI"))
    return tuple(part.strip() for part in given.split(","))


def image_properties(image: ImageSource) -> dict[str, Any]:
    """The properties that a disk inherits from the image it is created from."""
    properties: dict[str, Any] = {"osType": image.os_type, "hyperVGeneration": image.generation}
    properties["diskSizeGB"] = image.size_gb
    if image.security_type is not None and image.security_type.startswith("TrustedLaunch"):
        properties["securityProfile"] = {"securityType": "TrustedLaunch"}
    properties["supportedCapabilities"] = capabilities(image.architecture, image.controllers)
    if image.plan is not None:
        properties["purchasePlan"] = dict(image.plan)
    return properties


def require_image(world: World, image_id: str, location: str) -> ImageSource:
    """The image with this id in a region. Raises 404."""
    image = world.image_source(image_id)
    if image is None:
        raise ArmError(404, "NotFound", f"The gallery image {image_id} is not available in {location} region.")
    if region_key(location) not in {region_key(region) for region in image.regions}:
        message = f"The gallery image {image_id} is not available in {location} region."
        raise ArmError(
            404, "GalleryImageNotFound", f"{message} Please contact image owner to replicate to this region."
        )
    return image
