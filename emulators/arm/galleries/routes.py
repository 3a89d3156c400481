"""Galleries and image definitions: read, list, create and delete."""

import re
from typing import Any

from emulators.arm.errors import ArmError, concurrent_request, parent_not_found, property_change
from emulators.arm.galleries.errors import bad_name, nested_resources, not_one_of, out_of_range
from emulators.arm.galleries.model import DEFINITION, GALLERY, controllers
from emulators.arm.galleries.schemas import GALLERY as GALLERY_BODY
from emulators.arm.galleries.schemas import GALLERY_IMAGE
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.regions import display_region
from emulators.arm.state.resource_work import begin_delete, begin_write, check_location
from emulators.arm.state.store import Resource

GALLERY_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/galleries"
DEFINITION_PATH = f"{GALLERY_PATH}/{{gallery}}/images"
_SECURITY = (
    "Standard",
    "TrustedLaunch",
    "TrustedLaunchSupported",
    "ConfidentialVM",
    "ConfidentialVmSupported",
    "TrustedLaunchAndConfidentialVmSupported",
)
_FLAG = ("True", "False")
_FEATURES: dict[str, tuple[str, ...]] = {
    "securitytype": _SECURITY,
    "diskcontrollertypes": ("SCSI", "NVMe"),
    "isacceleratednetworksupported": _FLAG,
    "ishibernatesupported": _FLAG,
}
_FIXED = ("osType", "osState", "hyperVGeneration", "identifier", "architecture")


def require_parent(call: Call, verb: str, kind: str) -> Resource:
    """The parent of the resource in the path. Raises ARM's 404."""
    call.require_group()
    parts = call.resource_id.split("/")
    parent_id = "/".join(parts[: 9 if kind == DEFINITION else 11])
    parent = call.world.store.get(parent_id)
    if parent is None:
        raise parent_not_found(verb, kind.partition("/")[2], parent_id)
    return parent


async def get(call: Call) -> Answer:
    """One gallery or definition."""
    if "definition" in call.names:
        require_parent(call, "read", DEFINITION)
    return Answer(200, call.resource.body())


async def list_definitions(call: Call) -> Answer:
    """The definitions of a gallery."""
    parent = require_parent(call, "read", DEFINITION)
    return page(call, call.world.store.listed(DEFINITION, parent.id), Resource.body)


async def put_gallery(call: Call) -> Answer:
    """Create (201) or update (200) a gallery."""
    call.require_group()
    name = call.names["gallery"]
    rule = r"^[^_\W][\w.]{0,79}(?<![-.])$"
    if re.fullmatch(rule, name) is None:
        raise bad_name(name, rule)
    for other in call.world.store.of_kind(GALLERY, f"/subscriptions/{call.subscription}"):
        if other.name.lower() == name.lower() and other.id.lower() != call.resource_id.lower():
            message = (
                f"The gallery name '{name}' is not unique within the subscription '{call.subscription}'. "
                "Please pick another gallery name."
            )
            raise ArmError(409, "Conflict", message)
    _check_periods(call.body.get("properties", {}).get("softDeletePolicy", {}))
    identifier = {"uniqueName": f"{call.subscription}-{name.upper()}"}
    return _put(call, GALLERY, {**call.body.get("properties", {}), "identifier": identifier})


def _check_periods(policy: dict[str, Any]) -> None:
    for name in ("retentionPeriodInDays", "gracePeriodInDays"):
        if policy.get(name, 1) < 0:
            raise out_of_range(f"gallery.properties.softDeletePolicy.{name}", policy[name], 0, 365)


async def put_definition(call: Call) -> Answer:
    """Create (201) or update (200) a definition; properties that its versions depend on cannot be changed."""
    parent = require_parent(call, "write", DEFINITION)
    name, rule = call.names["definition"], r"^[^_\W][\w.-]{0,79}(?<![-.])$"
    if re.fullmatch(rule, name) is None:
        raise bad_name(name, rule)
    properties: dict[str, Any] = {"hyperVGeneration": "V1", "architecture": "x64", **call.body["properties"]}
    _check_choices(properties)
    existing = call.world.store.get(call.resource_id)
    if existing is not None:
        for fixed in _FIXED:
            if existing.properties.get(fixed) != properties.get(fixed):
                raise property_change(f"galleryImage.properties.{fixed}")
        _check_features(existing.properties, properties)
    identifier: dict[str, str] = properties["identifier"]
    for other in call.world.store.of_kind(DEFINITION, parent.id):
        if other.properties["identifier"] == identifier and other.id.lower() != call.resource_id.lower():
            triple = ", ".join(f"{key}:{identifier[key]}" for key in ("publisher", "offer", "sku"))
            message = (
                f"Gallery image: {other.name} identified by ({triple}) already exists. "
                "Choose a different publisher, offer, sku combination."
            )
            raise ArmError(409, "Conflict", message)
    return _put(call, DEFINITION, properties)


def _check_choices(properties: dict[str, Any]) -> None:
    known: dict[str, tuple[str, ...]] = {"osType": ("Linux", "Windows"), "osState": ("Generalized", "Specialized")}
    known |= {"hyperVGeneration": ("V1", "V2"), "architecture": ("x64", "Arm64")}
    for name, values in known.items():
        if properties[name] not in values:
            raise not_one_of(f"galleryImage.properties.{name}", properties[name], values)
    for feature in properties.get("features", []):
        name, value = feature["name"], feature["value"]
        values = _FEATURES.get(name.lower())
        if values is None:
            raise not_one_of("galleryImage.properties.features.name", name, tuple(_FEATURES))
        if any(part.lower() not in {known.lower() for known in values} for part in controllers(value)):
            raise not_one_of(f"galleryImage.properties.features.{name}", value, values)


def _check_features(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raises 409 for another feature, unless the request says that the image may be updated."""
    if after.get("allowUpdateImage"):
        return
    had, has = (
        {entry["name"].lower(): (entry["name"], entry["value"]) for entry in shown.get("features", [])}
        for shown in (before, after)
    )
    for name in [*had, *has]:
        if had.get(name) != has.get(name):
            raise property_change((had.get(name) or has[name])[0])


def _put(call: Call, kind: str, properties: dict[str, Any]) -> Answer:
    store, location, tags = call.world.store, call.body["location"], dict(call.body.get("tags", {}))
    display_region(location, kind)
    existing = store.get(call.resource_id)
    if existing is None:
        resource = store.add(store.new(call.resource_id, kind, location, tags=tags, properties=properties))
        return _follow(call, resource, 201, "Creating")
    if existing.provisioning_state in ("Creating", "Updating", "Deleting"):
        raise concurrent_request()
    check_location(existing, location)
    existing.tags, existing.properties = tags, properties
    return _follow(call, existing, 200, "Updating")


def _follow(call: Call, resource: Resource, status: int, during: str) -> Answer:
    platform = call.world.platform
    operation = begin_write(
        platform, resource, family="gallery", duration="gallery_write", fate=call.fate, during=during
    )
    return Answer(status, resource.body(), operation=operation, with_location=False)


async def delete(call: Call) -> Answer:
    """Delete it if it is empty; 204 when it does not exist."""
    store, held = call.world.store, call.existing
    if held is None:
        return Answer(204)
    below = [f"{GALLERY}/images", f"{GALLERY}/images/versions"]
    if any(child is not held for kind in below for child in store.counted(kind, held.id)):
        raise nested_resources()
    if call.world.recycle_bin.is_enabled(held.id) and call.world.recycle_bin.below(held.id):
        raise nested_resources()
    operation = begin_delete(call.world, held, family="gallery", duration="gallery_delete", fate=call.fate)
    return Answer(202, operation=operation)


def _route(method: str, path: str, name: str, kind: str, verb: str, handler: Any, **more: Any) -> Route:
    return Route(method, path, name, f"{kind}/{verb}", handler, **more)


_GALLERY = f"{GALLERY_PATH}/{{gallery}}"
_DEFINITION = f"{DEFINITION_PATH}/{{definition}}"
ROUTES = (
    _route("GET", _GALLERY, "galleries.get", GALLERY, "read", get),
    _route("PUT", _GALLERY, "galleries.createOrUpdate", GALLERY, "write", put_gallery, body=GALLERY_BODY),
    _route("DELETE", _GALLERY, "galleries.delete", GALLERY, "delete", delete),
    _route("GET", DEFINITION_PATH, "galleryImages.list", DEFINITION, "read", list_definitions, queries=("$skiptoken",)),
    _route("GET", _DEFINITION, "galleryImages.get", DEFINITION, "read", get),
    _route("PUT", _DEFINITION, "galleryImages.createOrUpdate", DEFINITION, "write", put_definition, body=GALLERY_IMAGE),
    _route("DELETE", _DEFINITION, "galleryImages.delete", DEFINITION, "delete", delete),
)
