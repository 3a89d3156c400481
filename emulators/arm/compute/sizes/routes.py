"""The quotas of a region, and the sizes that a subscription may use."""

import re
from typing import Any

from emulators.arm.compute.sizes.capabilities import disk_skus, size_sku
from emulators.arm.compute.sizes.quota import usages
from emulators.arm.compute.sizes.table import SIZES
from emulators.arm.errors import ArmError
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.regions import REGIONS, region_key

_COMPUTE = "/subscriptions/{subscription}/providers/Microsoft.Compute"
_FILTER = re.compile(r"\s*location\s+eq\s+'([^']*)'\s*", re.IGNORECASE)


async def list_usages(call: Call) -> Answer:
    """The quotas of the subscription in one region, with what is used of each."""
    call.world.require_subscription(call.subscription)
    location = region_key(call.names["location"])
    if location not in REGIONS:
        message = (
            f"No registered resource provider found for location '{call.names['location']}' and API version "
            f"'{call.api_version}' for type 'locations/usages'. The supported api-versions are '{call.api_version}'. "
            f"The supported locations are '{', '.join(REGIONS)}'."
        )
        raise ArmError(400, "NoRegisteredProviderFound", message, gateway=True)
    return page(call, usages(call.world, call.subscription, location), dict)


async def list_skus(call: Call) -> Answer:
    """The sizes and disk types of one region, or of every region: one long answer, not in pages."""
    call.world.require_subscription(call.subscription)
    found: list[dict[str, Any]] = []
    for location in _locations(call.query.get("$filter")):
        found += disk_skus(location)
        found += [size_sku(call.world.platform.capacity, size, location) for size in SIZES.values()]
    return Answer(body={"value": found})


def _locations(given: str | None) -> list[str]:
    if given is None:
        return list(REGIONS)
    asked = _FILTER.fullmatch(given)
    if asked is None:
        message = f"The filter '{given}' is not supported: only location eq '…' is."
        raise ArmError(400, "InvalidFilterInQueryString", message, target="$filter")
    return [location for location in REGIONS if location == region_key(asked[1])]


ROUTES = (
    Route(
        "GET", f"{_COMPUTE}/locations/{{location}}/usages", "usage.list", "Microsoft.Compute/locations/usages/read",
        list_usages, queries=("$skiptoken",),
    ),
    Route(
        "GET", f"{_COMPUTE}/skus", "resourceSkus.list", "Microsoft.Compute/skus/read", list_skus,
        queries=("$filter", "includeextendedlocations"), filter="*",
    ),
)  # fmt: skip
