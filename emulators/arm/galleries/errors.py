"""The errors of the gallery service, with its own messages."""

from emulators.arm.errors import ArmError, invalid_parameter


def nested_resources() -> ArmError:
    """409: a gallery with definitions, or a definition with versions, cannot be deleted."""
    return ArmError(409, "CannotDeleteResource", "Can not delete resource before nested resources are deleted.")


def bad_name(name: str, rule: str) -> ArmError:
    """400: a gallery's or a definition's name."""
    message = f"The entity name '{name}' is invalid according to its validation rule: {rule}."
    return invalid_parameter("name", message)


def bad_version_name() -> ArmError:
    """400: a version's name."""
    message = (
        "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) "
        "format, for e.g: 1.0.0, 2018.12.1 etc."
    )
    return invalid_parameter("galleryImageVersionName", message)


def home_region_missing(regions: list[str], location: str) -> ArmError:
    """400: a version must be published in its own region."""
    message = (
        f"Gallery image version publishing profile regions '{', '.join(regions)}' must contain the location of "
        f"image version '{location}'."
    )
    return invalid_parameter("galleryImageVersion.properties.publishingProfile.targetRegions", message)


def out_of_range(name: str, value: int, low: int, high: int) -> ArmError:
    """400: a number outside its range."""
    message = f"The value {value} of parameter {name} is out of range. The value must be between {low} and {high}"
    return invalid_parameter(name, f"{message}, inclusive.")


def not_one_of(name: str, value: str, known: tuple[str, ...]) -> ArmError:
    """400: a value that is not in the enumeration."""
    message = f"The value '{value}' of parameter {name} is not one of {', '.join(known)}."
    return invalid_parameter(name, message)


def one_source_only() -> ArmError:
    """400: no source, or more than one."""
    message = (
        "The gallery artifact version source can only be specified either directly under storageProfile or within "
        "individual OS or data disks. One and only one source type (user image, snapshot, disk, virtual machine) "
        "can be provided."
    )
    return invalid_parameter("galleryImageVersion.properties.storageProfile", message)


def os_state_differs(source_id: str, parent: str, source: str) -> ArmError:
    """400: the source and the definition do not have the same OS state."""
    message = (
        f"Cannot create Gallery Image Version from: {source_id} since the OS State in the parent gallery image "
        f"('{parent}') is not '{source}'."
    )
    return invalid_parameter("galleryImageVersion.properties.storageProfile.source", message)


def source_kind_unsupported(source_id: str, security: str) -> ArmError:
    """400: an image without the guest state of a VM is not created from a VM or its disks."""
    message = (
        f"The security type '{security}' is not supported for the source id '{source_id}'. Currently only Vhd Blob, "
        f"User Image and Gallery Image Version sources are supported for '{security}' images."
    )
    return invalid_parameter("galleryImageVersion.properties.storageProfile.source", message)


def trait_differs(source_id: str, trait: str, source: str, parent_trait: str, parent: str) -> ArmError:
    """409: a property of the source differs from the definition."""
    message = (
        f"The resource with id '{source_id}' has a different {trait} ['{source}'] than the parent gallery image "
        f"{parent_trait} ['{parent}']"
    )
    return ArmError(409, "Conflict", message)
