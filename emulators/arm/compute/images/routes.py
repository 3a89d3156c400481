"""Managed images: create from a generalized VM, read, list and delete."""

from emulators.arm.authorization.linked_rights import require_linked
from emulators.arm.compute.images.capture import MANAGED_IMAGE, check_vm, image_properties
from emulators.arm.compute.images.schemas import MANAGED_IMAGE as BODY
from emulators.arm.compute.images.sources import find_source
from emulators.arm.errors import concurrent_request, invalid_parameter, property_change
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.resource_work import begin_delete, begin_write, check_location
from emulators.arm.state.store import Resource

_PROVIDER = "/providers/Microsoft.Compute/images"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_NOTIFIED = {"azure-asyncnotification": "Enabled"}


async def put(call: Call) -> Answer:
    """Create it (201); for an existing one only the tags can be changed (200)."""
    existing = call.existing
    source_id: str = call.body["properties"]["sourceVirtualMachine"]["id"]
    read = [("Microsoft.Compute/virtualMachines/read", source_id)]
    require_linked(call.world, f"{MANAGED_IMAGE}/write", call.resource_id, read)
    return _create(call, source_id) if existing is None else _update(call, existing, source_id)


def _create(call: Call, source_id: str) -> Answer:
    world, location, body = call.world, call.body["location"], call.body["properties"]
    vm = world.vms.get(source_id.lower().rstrip("/"))
    if vm is None or vm.deleting:
        message = f"The source virtual machine '{source_id}' was not found."
        raise invalid_parameter("image.properties.sourceVirtualMachine.id", message)
    generation: str = body.get("hyperVGeneration", "V1")
    check_vm(vm, location, generation)
    properties = image_properties(vm, generation, body.get("storageProfile", {}).get("zoneResilient", False))
    tags = dict(call.body.get("tags", {}))
    image = world.store.new(call.resource_id, MANAGED_IMAGE, location, tags=tags, properties=properties)
    source = find_source(world, vm.id, location)
    image.content = source.content
    image.data_disks = source.data_disks
    world.store.add(image)
    return _follow(call, image, 201, "Creating")


def _update(call: Call, image: Resource, source_id: str) -> Answer:
    if image.provisioning_state in ("Creating", "Updating", "Deleting"):
        raise concurrent_request()
    check_location(image, call.body["location"])
    if image.properties["sourceVirtualMachine"]["id"].lower() != source_id.lower().rstrip("/"):
        raise property_change("sourceVirtualMachine.id")
    body, kept = call.body["properties"], image.properties
    if body.get("hyperVGeneration", kept["hyperVGeneration"]) != kept["hyperVGeneration"]:
        raise property_change("hyperVGeneration")
    image.tags = dict(call.body.get("tags", {}))
    return _follow(call, image, 200, "Updating")


def _follow(call: Call, image: Resource, status: int, during: str) -> Answer:
    operation = begin_write(
        call.world.platform, image, family="compute", duration="image_write", fate=call.fate, during=during
    )
    return Answer(status, image.body(), _NOTIFIED, operation, with_location=False)


async def get(call: Call) -> Answer:
    """One managed image."""
    return Answer(200, call.resource.body())


async def list_all(call: Call) -> Answer:
    """Managed images of a resource group or a subscription."""
    return page(call, call.world.store.listed(MANAGED_IMAGE, call.scope), Resource.body)


async def delete(call: Call) -> Answer:
    """Delete it; 204 when it does not exist."""
    world, image = call.world, call.existing
    if image is None:
        return Answer(204)
    operation = begin_delete(world, image, family="compute", duration="image_write", fate=call.fate)
    return Answer(202, operation=operation)


_IMAGE = f"{_GROUP}{_PROVIDER}/{{image}}"
_PAGED = ("$skiptoken",)
ROUTES = (
    Route("PUT", _IMAGE, "images.createOrUpdate", f"{MANAGED_IMAGE}/write", put, "CreateImages", body=BODY),
    Route("GET", _IMAGE, "images.get", f"{MANAGED_IMAGE}/read", get),
    Route("DELETE", _IMAGE, "images.delete", f"{MANAGED_IMAGE}/delete", delete),
    Route("GET", f"{_GROUP}{_PROVIDER}", "images.list", f"{MANAGED_IMAGE}/read", list_all, queries=_PAGED),
    Route(
        "GET", f"/subscriptions/{{subscription}}{_PROVIDER}", "images.listAll", f"{MANAGED_IMAGE}/read", list_all,
        queries=_PAGED,
    ),
)  # fmt: skip
