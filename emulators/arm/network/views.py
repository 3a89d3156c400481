"""Network resources as GET returns them."""

from typing import Any

from emulators.arm.network.interfaces import GROUPS, INTERFACES, SUBNETS, VNETS
from emulators.arm.network.security_groups import users_of_group
from emulators.arm.state.store import Resource, Store


def network_view(store: Store, resource: Resource) -> dict[str, Any]:
    """A network resource as GET returns it, with the resources that reference it."""
    body = resource.body()
    if resource.kind == SUBNETS:
        return {"name": body["name"], "id": body["id"], "type": body["type"], "properties": body["properties"]}
    properties: dict[str, Any] = body["properties"]
    if resource.kind == INTERFACES and resource.owners:
        properties |= {"virtualMachine": {"id": resource.owners[0]}, "primary": True}
    elif resource.kind == GROUPS and (users := users_of_group(store, resource.id)):
        properties["networkInterfaces"] = [{"id": user} for user in users]
    elif resource.kind == VNETS:
        properties["subnets"] = [network_view(store, subnet) for subnet in store.of_kind(SUBNETS, resource.id)]
    return body
