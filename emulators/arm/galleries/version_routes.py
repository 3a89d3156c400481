"""Image versions: create, read with their replication status, list, update and delete."""

from collections.abc import Callable, Mapping
from typing import Any

from emulators.arm.authorization.linked_rights import require_linked
from emulators.arm.compute.images.sources import Source, find_source, source_kind, with_data_disks
from emulators.arm.errors import concurrent_request, invalid_parameter, missing_parameter, not_allowed, property_change
from emulators.arm.galleries.model import VERSION, DefinitionFacts
from emulators.arm.galleries.recycle_bin import WITH_TIMES
from emulators.arm.galleries.recycle_bin_routes import restored
from emulators.arm.galleries.routes import DEFINITION_PATH, require_parent
from emulators.arm.galleries.schemas import GALLERY_VERSION, GALLERY_VERSION_UPDATE
from emulators.arm.galleries.source_checks import check_source
from emulators.arm.galleries.versions import (
    asked_sources,
    check_name,
    check_same_sources,
    encryption_sets,
    publishing_profile,
    storage_profile,
)
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.ids import same_subscription
from emulators.arm.state.regions import display_region, region_key
from emulators.arm.state.resource_work import begin_delete, check_location
from emulators.arm.state.store import Resource

_PATH = f"{DEFINITION_PATH}/{{definition}}/versions"
_NEEDED = {
    "virtualmachines": "Microsoft.Compute/virtualMachines/write",
    "disks": "Microsoft.Compute/disks/write",
    "snapshots": "Microsoft.Compute/snapshots/write",
    "images": "Microsoft.Compute/images/read",
    "galleries/images/versions": f"{VERSION}/read",
}


async def put(call: Call) -> Answer:
    """Create (201), or update (200): the source cannot be changed, regions are added and dropped."""
    definition = require_parent(call, "write", VERSION)
    if (back := restored(call)) is not None:
        return back
    body = call.body.get("properties", {})
    if "storageProfile" not in body:
        raise missing_parameter("properties.storageProfile" if "properties" in call.body else "properties")
    asked, publishing = asked_sources(body["storageProfile"]), body.get("publishingProfile", {})
    _check_linked(call, asked, publishing)
    check_name(call.names["version"])
    display_region(call.body["location"], VERSION)
    existing = call.world.store.get(call.resource_id)
    if existing is None:
        return _create(call, definition, asked, publishing)
    _check_free(call, existing)
    check_location(existing, call.body["location"])
    check_same_sources(existing, asked)
    published = existing.properties["publishingProfile"]["publishedDate"]
    profile = publishing_profile(publishing, existing.location, published, call.world.clock.now())
    safety = body.get("safetyProfile", {})
    return _update(call, existing, profile, safety, dict(call.body.get("tags", {})), True)


def _create(call: Call, definition: Resource, asked: Mapping[str, str], publishing: Mapping[str, Any]) -> Answer:
    world, body, location = call.world, call.body["properties"], call.body["location"]
    now = world.clock.now()
    profile = publishing_profile(publishing, location, now.isoformat(), now)
    source = _source(call, asked, location)
    check_source(source, DefinitionFacts.of(definition))
    safety = {
        "allowDeletionOfReplicatedLocations": True,
        **body.get("safetyProfile", {}),
        "reportedForPolicyViolation": False,
    }
    storage = storage_profile(body["storageProfile"], source)
    properties = {"publishingProfile": profile, "storageProfile": storage, "safetyProfile": safety}
    tags = dict(call.body.get("tags", {}))
    version = world.store.new(call.resource_id, VERSION, location, tags=tags, properties=properties)
    version.content = source.content
    version.data_disks = source.data_disks
    world.store.add(version)
    operation = world.replication.begin(version, "Creating", call.fate, source.exists)
    return Answer(201, version.body(), operation=operation, with_location=False)


def _source(call: Call, asked: Mapping[str, str], location: str) -> Source:
    data = {name: value for name, value in asked.items() if ".dataDiskImages[" in name}
    main = next(value for name, value in asked.items() if name not in data)
    source = find_source(call.world, main, location)
    luns = {int(name.partition("[")[2].partition("]")[0]): value for name, value in data.items()}
    return with_data_disks(call.world, source, luns) if luns else source


def _check_linked(call: Call, asked: Mapping[str, str], publishing: Mapping[str, Any]) -> None:
    linked = [(_NEEDED[source_kind(source_id)], source_id) for source_id in asked.values()]
    sets = encryption_sets(publishing.get("targetRegions", []))
    linked += [("Microsoft.Compute/diskEncryptionSets/read", set_id) for set_id in sets]
    require_linked(call.world, f"{VERSION}/write", call.resource_id, linked)
    for target in publishing.get("targetRegions", []):
        for set_id in encryption_sets([target]):
            found = call.world.store.get(set_id)
            if found is None or region_key(found.location) != region_key(target["name"]):
                raise invalid_parameter("diskEncryptionSetId", f"The disk encryption set '{set_id}' was not found.")
            if not same_subscription(set_id, call.resource_id):
                message = f"The disk encryption set '{set_id}' is not in the subscription of the image version."
                raise invalid_parameter("diskEncryptionSetId", message)


def _check_free(call: Call, version: Resource) -> None:
    replicating = version.provisioning_state in ("Creating", "Updating")
    if version.deleting or (replicating and not call.world.replication.accepts_updates):
        raise concurrent_request()


def _update(
    call: Call, version: Resource, profile: dict[str, Any], safety: Mapping[str, Any], tags: dict[str, str], retry: bool
) -> Answer:
    world, kept = call.world, {**version.properties["safetyProfile"], **safety}
    wanted = {region_key(target["name"]) for target in profile["targetRegions"]}
    dropped = world.replication.completed(version) - wanted
    if dropped and not kept["allowDeletionOfReplicatedLocations"]:
        raise not_allowed(
            f"The image version cannot be removed from region(s) {', '.join(sorted(dropped))} since its safety "
            "profile does not allow deletion of replicated locations."
        )
    exists = _source_still_needed(call, version) if retry else _always
    version.properties = {**version.properties, "publishingProfile": profile, "safetyProfile": kept}
    version.tags = tags
    operation = world.replication.begin(version, "Updating", call.fate, exists, retry)
    return Answer(200, version.body(), operation=operation, with_location=False)


def _source_still_needed(call: Call, version: Resource) -> Callable[[], bool]:
    """Copies come from the copy in the version's own region; while that is missing, from the source."""
    if region_key(version.location) in call.world.replication.completed(version):
        return _always
    source = _source(call, asked_sources(version.properties["storageProfile"]), version.location)
    version.content = source.content
    return source.exists


def _always() -> bool:
    return True


async def update(call: Call) -> Answer:
    """Change tags, target regions, the end-of-life date, and whether it is excluded from latest."""
    require_parent(call, "write", VERSION)
    if (back := restored(call)) is not None:
        return back
    version, body = call.resource, call.body.get("properties", {})
    publishing = body.get("publishingProfile", {})
    _check_linked(call, {}, publishing)
    _check_free(call, version)
    if body.get("storageProfile"):
        check_same_sources(version, asked_sources(body["storageProfile"]))
    before = version.properties["publishingProfile"]
    if publishing.get("replicationMode", before["replicationMode"]) != before["replicationMode"]:
        raise property_change("galleryImageVersion.properties.publishingProfile.replicationMode")
    kept = {name: value for name, value in before.items() if name != "publishedDate"}
    # An end-of-life date that has passed meanwhile must not block other changes.
    past = {} if "endOfLifeDate" in publishing else {"endOfLifeDate": kept.pop("endOfLifeDate", None)}
    now = call.world.clock.now()
    profile = publishing_profile({**kept, **publishing}, version.location, before["publishedDate"], now)
    profile |= {name: value for name, value in past.items() if value is not None}
    tags = dict(call.body["tags"]) if "tags" in call.body else version.tags
    return _update(call, version, profile, body.get("safetyProfile", {}), tags, "targetRegions" in publishing)


async def get(call: Call) -> Answer:
    """The version; with `$expand=ReplicationStatus` also the progress of each region."""
    require_parent(call, "read", VERSION)
    version = call.resource
    body = version.body()
    if "replicationstatus" in call.expand("ReplicationStatus", "UefiSettings"):
        body["properties"]["replicationStatus"] = call.world.replication.status(version)
    return Answer(200, body)


async def list_all(call: Call) -> Answer:
    """The versions of a definition, without their replication status."""
    parent = require_parent(call, "read", VERSION)
    return page(call, call.world.store.listed(VERSION, parent.id), Resource.body)


async def delete(call: Call) -> Answer:
    """Delete it everywhere, also while it is being replicated; 204 when it does not exist.

    A gallery with soft delete keeps it in the bin, unless the request bypasses that.
    """
    world, version = call.world, call.existing
    bypassed = call.flag("bypassSoftDelete") and call.api_version >= WITH_TIMES
    if version is None:
        return Answer(204)
    kept = world.recycle_bin.is_enabled(version.id) and not bypassed
    if kept and version.provisioning_state == "Failed":
        raise not_allowed(
            f"The gallery image version '{version.name}' cannot be soft-deleted since its provisioning state is "
            "'Failed'. Disable soft delete on the gallery, or bypass it, then delete the version."
        )
    # A version that never succeeded has no copy that the bin could keep.
    kept = kept and version.provisioning_state != "Creating"

    def done() -> None:
        if kept:
            world.recycle_bin.keep(version)
        else:
            world.replication.forget(version)

    operation = begin_delete(world, version, family="gallery", duration="gallery_delete", fate=call.fate, done=done)
    return Answer(202, operation=operation)


_VERSION = f"{_PATH}/{{version}}"
_POLICY = "CreateUpdateGalleryImageVersion"
ROUTES = (
    Route("GET", _PATH, "galleryImageVersions.list", f"{VERSION}/read", list_all, queries=("$skiptoken",)),
    Route("GET", _VERSION, "galleryImageVersions.get", f"{VERSION}/read", get, queries=("$expand",)),
    Route(
        "PUT", _VERSION, "galleryImageVersions.createOrUpdate", f"{VERSION}/write", put, _POLICY,
        body=GALLERY_VERSION,
    ),
    Route(
        "PATCH", _VERSION, "galleryImageVersions.update", f"{VERSION}/write", update, _POLICY,
        body=GALLERY_VERSION_UPDATE,
    ),
    Route(
        "DELETE", _VERSION, "galleryImageVersions.delete", f"{VERSION}/delete", delete,
        queries=("bypasssoftdelete",),
    ),
)  # fmt: skip
