"""Soft-deleted image versions: list, restore by a PUT or PATCH of the version, and delete for ever."""

from emulators.arm.errors import ArmError, invalid_parameter, not_allowed, parent_not_found, resource_not_found
from emulators.arm.galleries.model import DEFINITION
from emulators.arm.galleries.recycle_bin import KIND, WITH_TIMES, SoftDeleted
from emulators.arm.galleries.routes import GALLERY_PATH
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.regions import region_key
from emulators.arm.state.resource_work import begin_write
from emulators.arm.state.store import Resource


def restored(call: Call) -> Answer | None:
    """The answer to a PUT or PATCH of a name in the bin: restored, or 409. None when the bin does not hold it."""
    held, properties = call.world.recycle_bin.find(call.resource_id), call.body.get("properties", {})
    asked = bool(properties.get("restore"))
    if held is None:
        if asked and call.world.store.get(call.resource_id) is not None:
            raise not_allowed(f"The gallery image version '{call.names['version']}' is not soft-deleted.")
        if asked:
            raise resource_not_found(call.resource_id.partition("/providers/")[2], call.names["group"])
        return None
    # The documented request to restore has only the location; the model also has `restore`.
    if not asked and properties:
        message = (
            f"The gallery image version '{held.version.name}' is soft-deleted. Restore it or delete it permanently "
            "before you create a version with the same name, or choose another name."
        )
        raise ArmError(409, "Conflict", message)
    location = call.body.get("location", held.version.location)
    if region_key(location) != region_key(held.version.location):
        message = f"The version '{held.version.id}' can only be restored in '{held.version.location}'."
        raise invalid_parameter("location", message)
    return _restore(call, held)


def _restore(call: Call, held: SoftDeleted) -> Answer:
    version: Resource = call.world.recycle_bin.restore(held)
    operation = begin_write(
        call.world.platform, version, family="gallery", duration="gallery_write", fate=call.fate, during="Updating"
    )
    return Answer(200, version.body(), operation=operation, with_location=False)


def _definition(call: Call) -> str:
    call.require_group()
    if call.names["kind"].lower() != "images":
        raise invalid_parameter("artifactType", f"The artifact type '{call.names['kind']}' is not one of Images.")
    gallery = "/".join(call.resource_id.split("/")[:9])
    definition = f"{gallery}/images/{call.names['artifact']}"
    if call.world.store.get(definition) is None:
        raise parent_not_found("read", DEFINITION.partition("/")[2], definition)
    return definition


async def list_all(call: Call) -> Answer:
    """The soft-deleted versions of a definition."""
    with_times = call.api_version >= WITH_TIMES
    return page(call, call.world.recycle_bin.below(_definition(call)), lambda held: held.body(with_times))


async def delete(call: Call) -> Answer:
    """Delete one for ever; 204 when the bin does not hold it."""
    world = call.world
    held = world.recycle_bin.find(f"{_definition(call)}/versions/{call.names['version']}")
    if held is None:
        return Answer(204)
    operation = world.platform.operations.begin("delete", held.version.id, held.version.location, call.fate, "gallery")

    def end() -> None:
        if call.fate is None:
            world.recycle_bin.purge(held)
        world.platform.operations.settle(operation)

    world.clock.call_in(world.platform.dice.draw("gallery_delete"), end)
    return Answer(202, operation=operation)


_PATH = f"{GALLERY_PATH}/{{gallery}}/softDeletedArtifactTypes/{{kind}}/artifacts/{{artifact}}/versions"
ROUTES = (
    Route("GET", _PATH, "softDeletedVersions.list", f"{KIND}/read", list_all, queries=("$skiptoken",)),
    Route("DELETE", f"{_PATH}/{{version}}", "softDeletedVersions.delete", f"{KIND}/delete", delete),
)
