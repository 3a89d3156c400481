"""Disks, snapshots and disk encryption sets over HTTP."""

from typing import Any

from emulators.arm.compute.disks.creation import Written, check_export
from emulators.arm.compute.disks.schemas import DISK, SNAPSHOT, UPDATE
from emulators.arm.compute.disks.views import DISKS, SNAPSHOTS, disk_view
from emulators.arm.errors import ArmError, not_allowed
from emulators.arm.http.api import Answer, Call, Handler, Route
from emulators.arm.http.paging import page
from emulators.arm.http.schemas import Members
from emulators.arm.state.resource_work import begin_delete, begin_write, check_location
from emulators.arm.state.store import Resource

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_SETS = "Microsoft.Compute/diskEncryptionSets"


def _kind(call: Call) -> str:
    return SNAPSHOTS if "/microsoft.compute/snapshots" in call.path.lower() else DISKS


async def get(call: Call) -> Answer:
    """One disk or snapshot."""
    return Answer(200, disk_view(call.world, call.resource))


async def get_encryption_set(call: Call) -> Answer:
    """One disk encryption set; it only exists, without key properties."""
    return Answer(200, call.resource.body())


async def list_all(call: Call) -> Answer:
    """Disks or snapshots of a resource group or a subscription."""
    kind, role, scope = _kind(call), call.world.role, call.scope
    found = [resource for resource in call.world.store.listed(kind, scope) if role.allows(f"{kind}/read", resource.id)]
    return page(call, found, lambda resource: disk_view(call.world, resource))


async def put(call: Call) -> Answer:
    """Create or update; the answer has both polling headers, as with Azure's disks."""
    world, kind, known = call.world, _kind(call), call.existing
    if known is not None:
        check_location(known, call.body["location"])
    if known is not None and (known.provisioning_state != "Failed" or known.owners):
        _check_unchanged(known, dict(call.body))
        known.tags = dict(call.body.get("tags", {}))
        return _written(call, known, "Updating")
    written = Written(world, call.resource_id, kind, dict(call.body))
    resource = known or world.store.new(call.resource_id, kind, written.location)
    resource.tags, resource.sku = dict(call.body.get("tags", {})), written.sku
    resource.zones, resource.content, resource.hibernated = written.zones, written.content, written.hibernated
    resource.properties = {**written.properties, "timeCreated": resource.created.isoformat()}
    world.store.add(resource)
    return _written(call, resource, "Creating", slow=written.slow)


def _check_unchanged(known: Resource, body: dict[str, Any]) -> None:
    """A later PUT can change only the tags here."""
    for name, given in body["properties"].items():
        had: Any = known.properties.get(name)
        same = given.items() <= had.items() if isinstance(given, dict) and isinstance(had, dict) else given == had  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not same:
            message = f"Changing property '{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=name)
    if body.get("sku", known.sku) != known.sku:
        raise ArmError(409, "PropertyChangeNotAllowed", "Changing property 'sku' is not allowed.", target="sku")


def _written(call: Call, resource: Resource, during: str, *, slow: bool = False) -> Answer:
    snapshot, platform = resource.kind == SNAPSHOTS, call.world.platform
    if snapshot:
        before = resource.properties.get("completionPercent", 0.0)
        resource.properties["completionPercent"] = 0.0 if during == "Creating" else before

    def copied() -> None:
        if snapshot:
            resource.properties["completionPercent"] = 100.0

    def done() -> None:
        if slow:
            # The snapshot exists; its data follows.
            platform.clock.call_in(platform.dice.draw("background_copy"), copied)
        else:
            copied()

    operation = begin_write(
        platform, resource, family="disks", duration="snapshot_write" if snapshot else "disk_write",
        fate=call.fate, done=done, during=during, output=lambda: disk_view(call.world, resource),
    )  # fmt: skip
    body = disk_view(call.world, resource)
    # The first answer shows Updating for every kind of change.
    body["properties"]["provisioningState"] = "Updating"
    return Answer(202, body, operation=operation)


async def update(call: Call) -> Answer:
    """Change the tags and the network access."""
    resource = call.resource
    check_location(resource, resource.location)
    if "tags" in call.body:
        resource.tags = dict(call.body["tags"])
    check_export(call.body.get("properties", {}))
    resource.properties |= call.body.get("properties", {})
    return _written(call, resource, "Updating")


async def delete(call: Call) -> Answer:
    """Delete it unless it is attached to a VM; 204 when it does not exist."""
    world, resource = call.world, call.existing
    if resource is None:
        return Answer(204)
    if resource.owners:
        raise not_allowed(f"Disk {resource.name} is attached to VM {resource.owners[0]}.")
    operation = begin_delete(world, resource, family="disks", duration="disk_delete", fate=call.fate)
    return Answer(202, operation=operation)


def _routes(kind: str, body: Members, write_policy: str) -> tuple[Route, ...]:
    name, path = kind.split("/")[1], f"/providers/{kind}"
    one = f"{_GROUP}{path}/{{name}}"
    queries = ("$skiptoken",)

    def route(method: str, verb: str, right: str, handler: Handler, policy: str, schema: Members | None) -> Route:
        return Route(method, one, f"{name}.{verb}", f"{kind}/{right}", handler, policy, body=schema)

    return (
        route("GET", "get", "read", get, "", None),
        route("PUT", "createOrUpdate", "write", put, write_policy, body),
        route("PATCH", "update", "write", update, write_policy, UPDATE),
        route("DELETE", "delete", "delete", delete, "DeleteDisks", None),
        Route("GET", f"{_GROUP}{path}", f"{name}.list", f"{kind}/read", list_all, queries=queries, filtered=True),
        Route(
            "GET", f"{_SUBSCRIPTION}{path}", f"{name}.listAll", f"{kind}/read", list_all, queries=queries, filtered=True
        ),
    )


ROUTES = (
    *_routes(DISKS, DISK, "CreateUpdateDisks"),
    *_routes(SNAPSHOTS, SNAPSHOT, "HighCostSnapshotCreateHydrate"),
    Route("GET", f"{_GROUP}/providers/{_SETS}/{{name}}", "diskEncryptionSets.get", f"{_SETS}/read", get_encryption_set),
)
