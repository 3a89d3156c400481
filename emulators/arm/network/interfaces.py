"""Networks, network interfaces and network security groups: their properties, and what blocks a change."""

from typing import Any

from emulators.arm.authorization.linked_rights import require_linked
from emulators.arm.errors import ArmError, invalid_parameter
from emulators.arm.state.ids import same_subscription
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource, Store
from emulators.arm.state.world import World

INTERFACES = "Microsoft.Network/networkInterfaces"
GROUPS = "Microsoft.Network/networkSecurityGroups"
VNETS = "Microsoft.Network/virtualNetworks"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


def invalid_reference(what: str, by: str) -> ArmError:
    """400: a referenced resource does not exist, or is in another region or subscription."""
    message = (
        f"Resource {what} referenced by resource {by} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region."
    )
    return ArmError(400, "InvalidResourceReference", message)


def require_referenced(store: Store, wanted: str, kind: str, by: str, location: str) -> Resource:
    """The resource that `by` references, of a type, in a location and in the same subscription.

    Raises 400, or 409 while it is being updated.
    """
    found = store.get(wanted)
    if found is None or found.kind != kind or region_key(found.location) != region_key(location):
        raise invalid_reference(wanted, by)
    # Azure answers as for a resource that it does not find.
    if not same_subscription(wanted, by):
        raise invalid_reference(wanted, by)
    if found.provisioning_state != "Succeeded":
        message = (
            f"Cannot proceed with operation because resource {found.id} used by resource {by} is not in Succeeded "
            f"state. Resource is in {found.provisioning_state} state."
        )
        raise ArmError(409, "ReferencedResourceNotProvisioned", message)
    return found


def interface_properties(nic: Resource, given: dict[str, Any]) -> dict[str, Any]:
    """The properties of an interface as GET returns them."""
    configurations = [_configuration(nic, number, entry) for number, entry in enumerate(given["ipConfigurations"])]
    flags = {name: given.get(name, False) for name in ("enableAcceleratedNetworking", "enableIPForwarding")}
    shown: dict[str, Any] = {"ipConfigurations": configurations, **flags, "tapConfigurations": []}
    if "networkSecurityGroup" in given:
        shown["networkSecurityGroup"] = given["networkSecurityGroup"]
    return shown


def _configuration(nic: Resource, number: int, entry: dict[str, Any]) -> dict[str, Any]:
    properties = entry["properties"]
    # Any address is fine: there is no real network.
    address = f"10.0.0.{4 + sum(nic.name.encode()) % 240}"
    defaults = {"privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4", "primary": number == 0}
    shown = {**defaults, **properties, "privateIPAddress": address, "provisioningState": "Succeeded"}
    return {"name": entry["name"], "id": f"{nic.id}/ipConfigurations/{entry['name']}", "properties": shown}


def check_interface(world: World, nic_id: str, body: dict[str, Any]) -> None:
    """Raises ARM's error for an interface that is not valid."""
    properties = body["properties"]
    configurations = properties["ipConfigurations"]
    if not configurations:
        raise invalid_parameter("properties.ipConfigurations", f"Network interface {nic_id} needs an IP configuration.")
    subnets = [entry["properties"]["subnet"]["id"] for entry in configurations]
    linked = [("Microsoft.Network/virtualNetworks/subnets/join/action", subnet) for subnet in subnets]
    group = properties.get("networkSecurityGroup", {}).get("id")
    if group is not None:
        linked.append(("Microsoft.Network/networkSecurityGroups/join/action", group))
    require_linked(world, f"{INTERFACES}/write", nic_id, linked)
    for entry, subnet in zip(configurations, subnets, strict=True):
        require_referenced(world.store, subnet, SUBNETS, nic_id, body["location"])
        if "publicIPAddress" in entry["properties"]:
            # Public IP addresses are not emulated, so none can be referenced.
            raise invalid_reference(entry["properties"]["publicIPAddress"]["id"], nic_id)
    if group is not None:
        require_referenced(world.store, group, GROUPS, nic_id, body["location"])


def check_interface_free(nic: Resource) -> None:
    """Raises NicInUse while it is attached to a VM."""
    if nic.owners:
        message = (
            f"Network Interface {nic.id} is used by existing resource {nic.owners[0]}. In order to delete the network "
            "interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic."
        )
        raise ArmError(409, "NicInUse", message)
