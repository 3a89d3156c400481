"""Reads which VM sizes a region offers to a subscription, and the quotas there."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

from azure_clients.clients import arm_session
from azure_clients.resources import names_in
from azure_clients.rest import list_pages
from contracts.capacity import Quota, SizeFacts
from contracts.image_options import region_key
from contracts.polling import SIZES_KEPT_SECONDS

type Json = Mapping[str, Any]

_SKUS_API = "api-version=2021-07-01"
_USAGES_API = "api-version=2026-04-01"
_YES = "true"


async def read_sizes(subscription_id: str, region: str) -> Mapping[str, SizeFacts]:
    """Read every VM size of a region by its lower-cased name (Resource Skus - List: 1 request of about 2 MB).

    The list is kept for some minutes: it is the same for all VMs of a region. Raises ArmRefused (403: not allowed),
    ArmThrottled or ArmUnavailable.
    """
    kept, key = (await arm_session()).sizes, (subscription_id, region_key(region))
    found = kept.get(key)
    if found is None or found[0] < time.monotonic():
        query = f"{_SKUS_API}&$filter=location eq '{key[1]}'"
        listed = await list_pages(f"/subscriptions/{subscription_id}/providers/Microsoft.Compute/skus", query)
        sizes = {str(entry.get("name", "")).lower(): _size(entry, key[1]) for entry in listed if _is_vm_size(entry)}
        found = kept[key] = (time.monotonic() + SIZES_KEPT_SECONDS, sizes)
    return found[1]


async def read_quotas(subscription_id: str, region: str) -> tuple[Quota, ...]:
    """Read the compute quotas of a region, and how much of each is used (Usage - List: 1 request).

    Raises as `read_sizes` does.
    """
    path = f"/subscriptions/{subscription_id}/providers/Microsoft.Compute/locations/{region_key(region)}/usages"
    return tuple(_quota(entry) for entry in await list_pages(path, _USAGES_API))


def _is_vm_size(entry: Json) -> bool:
    return str(entry.get("resourceType", "")).lower() == "virtualmachines"


def _size(entry: Json, region: str) -> SizeFacts:
    has = {str(each.get("name", "")).lower(): str(each.get("value", "")) for each in _items(entry, "capabilities")}
    places = [each for each in _items(entry, "locationInfo") if region_key(str(each.get("location", ""))) == region]
    restrictions = _items(entry, "restrictions")
    closed = {zone for each in restrictions for zone in _info(each).get("zones") or ()}
    return SizeFacts(
        name=str(entry.get("name", "")),
        family=str(entry.get("family", "")),
        cores=int(has.get("vcpus") or 0),
        architecture=has.get("cpuarchitecturetype") or "x64",
        generations=names_in(has.get("hypervgenerations") or "V1"),
        zones=tuple(str(zone) for place in places for zone in place.get("zones") or () if zone not in closed),
        restricted=_why_closed(restrictions),
        controllers=names_in(has.get("diskcontrollertypes") or "SCSI"),
        trusted_launch=has.get("trustedlaunchdisabled", "").lower() != _YES,
        premium_disks=has.get("premiumio", _YES).lower() == _YES,
        encryption_at_host=has.get("encryptionathostsupported", _YES).lower() == _YES,
        most_data_disks=int(has["maxdatadiskcount"]) if has.get("maxdatadiskcount", "").isdecimal() else None,
    )


def _why_closed(restrictions: Iterable[Json]) -> str | None:
    """Return the reason code of the first restriction of the entire region."""
    for each in restrictions:
        if str(each.get("type", "")).lower() == "location":
            return str(each.get("reasonCode") or "restricted")
    return None


def _quota(entry: Json) -> Quota:
    name = cast("Json", entry.get("name") or {})
    return Quota(
        name=str(name.get("value", "")), limit=int(entry.get("limit") or 0), used=int(entry.get("currentValue") or 0)
    )


def _info(restriction: Json) -> Json:
    return cast("Json", restriction.get("restrictionInfo") or {})


def _items(parent: Json, name: str) -> list[Json]:
    return cast("list[Json]", parent.get(name) or [])
