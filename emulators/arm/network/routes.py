"""Networks, network interfaces and network security groups over HTTP."""

from typing import Any

from emulators.arm.http.api import Answer, Call, Handler, Route
from emulators.arm.network.interfaces import (
    GROUPS,
    INTERFACES,
    SUBNETS,
    VNETS,
    check_interface,
    check_interface_free,
    interface_properties,
)
from emulators.arm.network.schemas import NETWORK_INTERFACE, SECURITY_GROUP
from emulators.arm.network.security_groups import check_group_free, group_properties
from emulators.arm.network.views import network_view
from emulators.arm.state.resource_work import begin_delete, begin_write, check_location
from emulators.arm.state.store import Resource

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
_NIC = f"{_GROUP}/{INTERFACES}/{{name}}"
_NSG = f"{_GROUP}/{GROUPS}/{{name}}"
_VNET = f"{_GROUP}/{VNETS}/{{name}}"


async def get(call: Call) -> Answer:
    """One network resource."""
    return Answer(200, network_view(call.world.store, call.resource))


async def put_interface(call: Call) -> Answer:
    """Create or update an interface."""
    call.require_group()
    body = dict(call.body)
    check_interface(call.world, call.resource_id, body)
    nic, created = _upsert(call, INTERFACES)
    nic.properties = interface_properties(nic, body["properties"])
    return _written(call, nic, created)


async def put_group(call: Call) -> Answer:
    """Create or update a security group."""
    call.require_group()
    properties = group_properties(call.resource_id, dict(call.body.get("properties", {})))
    group, created = _upsert(call, GROUPS)
    group.properties = properties
    return _written(call, group, created)


def _upsert(call: Call, kind: str) -> tuple[Resource, bool]:
    store, body = call.world.store, call.body
    known = store.get(call.resource_id)
    if known is not None:
        check_location(known, body["location"])
        known.tags = dict(body.get("tags", {}))
        return known, False
    tags = dict(body.get("tags", {}))
    return store.add(store.new(call.resource_id, kind, body["location"], tags=tags)), True


def _written(call: Call, resource: Resource, created: bool) -> Answer:
    platform, during = call.world.platform, "Creating" if created else "Updating"
    operation = begin_write(
        platform, resource, family="network", duration="network_write", fate=call.fate, during=during
    )
    body: dict[str, Any] = network_view(call.world.store, resource)
    return Answer(201 if created else 200, body, operation=operation, with_location=False)


async def delete(call: Call) -> Answer:
    """Delete what nothing uses: an interface without a VM, a group without an interface; 204 when it does not exist."""
    resource, world = call.existing, call.world
    if resource is None:
        return Answer(204)
    check_interface_free(resource)
    check_group_free(world.store, resource)
    operation = begin_delete(world, resource, family="network", duration="network_delete", fate=call.fate)
    return Answer(202, operation=operation)


def _named(pattern: str, kind: str, put: Handler, body: Any) -> tuple[Route, ...]:
    name = kind.split("/")[1]
    return (
        Route("GET", pattern, f"{name}.get", f"{kind}/read", get),
        Route("PUT", pattern, f"{name}.createOrUpdate", f"{kind}/write", put, body=body),
        Route("DELETE", pattern, f"{name}.delete", f"{kind}/delete", delete),
    )


ROUTES = (
    *_named(_NIC, INTERFACES, put_interface, NETWORK_INTERFACE),
    *_named(_NSG, GROUPS, put_group, SECURITY_GROUP),
    Route("GET", _VNET, "virtualNetworks.get", f"{VNETS}/read", get),
    Route("GET", f"{_VNET}/subnets/{{subnet}}", "subnets.get", f"{SUBNETS}/read", get),
)
