"""The errors of a source of an image, with the messages of the gallery service."""

from emulators.arm.errors import ArmError, invalid_parameter, not_allowed


def source_not_found(source_id: str) -> ArmError:
    """400: the source does not exist, or is in another region."""
    message = (
        f"Source {source_id} is not found. Please check source exists, and is in the same region as gallery image "
        "version being created."
    )
    return invalid_parameter("galleryImageVersion.properties.storageProfile.source", message)


def bad_source_kind(source_id: str, allowed: str) -> ArmError:
    """400: an id of the wrong type."""
    message = f"The source id: {source_id} must {allowed}."
    return invalid_parameter("galleryImageVersion.properties.storageProfile.source", message)


def unsupported_source(source_id: str, why: str) -> ArmError:
    """409: a VM whose disks cannot be captured."""
    return not_allowed(f"Source virtual machine {source_id} cannot contain {why}.")
