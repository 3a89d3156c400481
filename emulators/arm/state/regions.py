"""Names of Azure's regions: galleries return the display name for every spelling."""

from emulators.arm.errors import ArmError

_DISPLAY = (
    "Australia East", "Brazil South", "Canada Central", "Central India", "Central US", "East Asia", "East US",
    "East US 2", "France Central", "Germany West Central", "Italy North", "Japan East", "Korea Central",
    "North Central US", "North Europe", "Norway East", "Poland Central", "South Africa North", "South Central US",
    "Southeast Asia", "Spain Central", "Sweden Central", "Switzerland North", "UAE North", "UK South", "UK West",
    "West Central US", "West Europe", "West US", "West US 2", "West US 3",
)  # fmt: skip


def region_key(name: str) -> str:
    """The name in lower case without spaces, to compare regions."""
    return name.lower().replace(" ", "")


REGIONS = {region_key(name): name for name in _DISPLAY}


def display_region(name: str, resource_type: str) -> str:
    """The display name. Raises 400 for an unknown region."""
    if (known := REGIONS.get(region_key(name))) is not None:
        return known
    message = (
        f"The provided location '{name}' is not available for resource type '{resource_type}'. "
        f"List of available regions for the resource type is '{','.join(REGIONS)}'."
    )
    raise ArmError(400, "LocationNotAvailableForResourceType", message)
