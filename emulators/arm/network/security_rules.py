"""The rules of a network security group: validation, and the default rules of every group."""

import ipaddress
import re
from typing import Any

from emulators.arm.errors import ArmError, missing_parameter

_CHOICES = {
    "protocol": ("Tcp", "Udp", "Icmp", "Esp", "Ah", "*"),
    "access": ("Allow", "Deny"),
    "direction": ("Inbound", "Outbound"),
}
#: Service tags that Azure publishes; each may have a region suffix (`Storage.WestEurope`).
_TAGS = frozenset({
    "azureactivedirectory", "azurearcinfrastructure", "azurebackup", "azurecloud", "azurecontainerregistry",
    "azurefrontdoor", "azurekeyvault", "azureloadbalancer", "azuremonitor", "azureplatformdns", "azureplatformimds",
    "azureplatformlkm", "azureresourcemanager", "azuretrafficmanager", "azureupdatedelivery", "eventhub",
    "gatewaymanager", "guestandhybridmanagement", "internet", "microsoftcontainerregistry", "servicebus", "sql",
    "storage", "virtualnetwork",
})  # fmt: skip


def check_rules(rules: list[dict[str, Any]]) -> None:
    """Raises 400 for a rule that is not valid, or for two that conflict."""
    taken: dict[tuple[str, int], str] = {}
    names: set[str] = set()
    for rule in rules:
        name, properties = rule["name"], rule["properties"]
        _check_choices(name, properties)
        if not 100 <= properties["priority"] <= 4096:
            given = f"Value provided: {properties['priority']}. Allowed range 100-4096."
            raise _invalid("SecurityRuleInvalidPriority", f"Security rule {name} has invalid Priority. {given}")
        for side in ("source", "destination"):
            _check_side(name, side, properties)
        place = (properties["direction"].lower(), properties["priority"])
        if (other := taken.setdefault(place, name)) != name or name.lower() in names:
            message = (
                f"Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and Direction."
            )
            raise _invalid("SecurityRuleConflict", message)
        names.add(name.lower())


def _check_choices(name: str, properties: dict[str, Any]) -> None:
    for member, choices in _CHOICES.items():
        found = next((choice for choice in choices if choice.lower() == properties[member].lower()), None)
        if found is None:
            known = ", ".join(choices)
            message = (
                f"Security rule {name} has invalid {member}. Value provided: {properties[member]}. Allowed: {known}."
            )
            raise _invalid("InvalidRequestFormat", message)
        properties[member] = found


def _check_side(name: str, side: str, properties: dict[str, Any]) -> None:
    for what, plural, check in (("AddressPrefix", "es", _is_prefix), ("PortRange", "s", _is_port_range)):
        one: str | None = properties.get(f"{side}{what}")
        many: list[str] = properties.get(f"{side}{what}{plural}", [])
        if (one is None) == (not many):
            raise missing_parameter(f"{name}.{side}{what}") if one is None else _both(name, side, what)
        for value in many or [one or ""]:
            if not check(value):
                kind = "Address prefix" if what == "AddressPrefix" else "Port range"
                code = f"SecurityRuleInvalid{what}"
                raise _invalid(code, f"Security rule {name} has invalid {kind}. Value provided: {value}.")


def _both(name: str, side: str, what: str) -> ArmError:
    message = f"Security rule {name} cannot specify both {side}{what} and its plural."
    return _invalid("SecurityRuleParameterContainsConflictingValues", message)


def _is_prefix(value: str) -> bool:
    if value == "*" or value.split(".")[0].lower() in _TAGS:
        return True
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def _is_port_range(value: str) -> bool:
    if value == "*":
        return True
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", value)
    return found is not None and 0 <= int(found[1]) <= int(found[2] or found[1]) <= 65535


def _invalid(code: str, message: str) -> ArmError:
    return ArmError(400, code, message)


def default_rules(group_id: str) -> list[dict[str, Any]]:
    """The six default rules that the platform adds to every group."""
    shown: list[dict[str, Any]] = []
    for name, priority, access, direction, source, destination in (
        ("AllowVnetInBound", 65000, "Allow", "Inbound", "VirtualNetwork", "VirtualNetwork"),
        ("AllowAzureLoadBalancerInBound", 65001, "Allow", "Inbound", "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, "Deny", "Inbound", "*", "*"),
        ("AllowVnetOutBound", 65000, "Allow", "Outbound", "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, "Allow", "Outbound", "*", "Internet"),
        ("DenyAllOutBound", 65500, "Deny", "Outbound", "*", "*"),
    ):
        properties: dict[str, Any] = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
        properties |= {"sourceAddressPrefix": source, "destinationAddressPrefix": destination}
        properties |= {"access": access, "priority": priority, "direction": direction, "provisioningState": "Succeeded"}
        rule_id = f"{group_id}/defaultSecurityRules/{name}"
        shown.append({"name": name, "id": rule_id, "properties": properties})
    return shown
