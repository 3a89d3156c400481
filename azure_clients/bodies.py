"""ARM's JSON of the disks and of the network that a run makes."""

from typing import Any

from contracts.facts import DiskFacts
from contracts.making_steps import MakeDisk, MakeNetworkInterface, MakeSecurityGroup, MakeSnapshot, NewThing

type Body = dict[str, Any]

NO_EXPORT = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
"""Properties of a disk or snapshot whose content nobody can download; it is attached and copied as any other."""

_PLATFORM = "168.63.129.16/32"
"""Azure's platform address: DHCP, DNS, the agent's channel (Microsoft: "What is IP address 168.63.129.16?")."""
_PLATFORM_PRIORITY, _FIRST_TAG_PRIORITY, _LAST_PRIORITY = 100, 200, 4_096
_WEB = ("80", "443")
"""Ubuntu's mirrors in Azure and the content of Windows Update come over plain HTTP, signed."""


def snapshot(request: MakeSnapshot, tags: dict[str, str], like: DiskFacts) -> Body:
    """Give the body of an incremental snapshot of a disk, on standard storage, encrypted as the disk (`like`) is."""
    properties = {"creationData": _copy_of(request.source_disk_id), "incremental": True, **_shut(like)}
    return _resource(request, tags, properties, sku={"name": "Standard_LRS"})


def disk(request: MakeDisk, tags: dict[str, str]) -> Body:
    """Give the body of a disk out of a snapshot, of the source disk's kind: sku, generation, security, encryption."""
    like = request.like
    properties: Body = {"creationData": _copy_of(request.snapshot_id), **_shut(like)}
    if like.os_type is not None:
        properties["osType"] = str(like.os_type)
    if like.generation is not None:
        properties["hyperVGeneration"] = like.generation
    if like.security_type is not None:
        properties["securityProfile"] = {"securityType": like.security_type}
    body = _resource(request, tags, properties, sku={"name": like.sku})
    # A zone-redundant disk stands in all zones and may name none.
    if request.zone is not None and not like.sku.upper().endswith("_ZRS"):
        body["zones"] = [request.zone]
    return body


def security_group(request: MakeSecurityGroup, tags: dict[str, str]) -> Body:
    """Give the body of a security group whose only openings are outbound: the platform address and service tags.

    The two denials come before Azure's default rules, which would let the virtual network and the load balancer in
    and everything out.
    """
    rules = [_rule("allow-platform-out", _PLATFORM_PRIORITY, "Outbound", "Allow", to=_PLATFORM)]
    for number, service in enumerate(request.service_tags):
        name, priority = f"allow-service-{number + 1}-out", _FIRST_TAG_PRIORITY + number
        rules.append(_rule(name, priority, "Outbound", "Allow", to=service, protocol="Tcp", ports=_WEB))
    rules.append(_rule("deny-all-out", _LAST_PRIORITY, "Outbound", "Deny"))
    rules.append(_rule("deny-all-in", _PLATFORM_PRIORITY, "Inbound", "Deny"))
    return _resource(request, tags, {"securityRules": rules})


def network_interface(request: MakeNetworkInterface, tags: dict[str, str]) -> Body:
    """Give the body of an interface with one private address, no public one, behind its own security group."""
    address = {
        "primary": True,
        "privateIPAllocationMethod": "Dynamic",
        "privateIPAddressVersion": "IPv4",
        "subnet": {"id": str(request.subnet_id)},
    }
    properties = {
        "ipConfigurations": [{"name": "primary", "properties": address}],
        "networkSecurityGroup": {"id": request.security_group_id},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
    }
    return _resource(request, tags, properties)


def _resource(request: NewThing, tags: dict[str, str], properties: Body, **more: Any) -> Body:
    return {"location": request.location, "tags": tags, **more, "properties": properties}


def _copy_of(source_id: str) -> Body:
    return {"createOption": "Copy", "sourceResourceId": source_id}


def _shut(like: DiskFacts) -> Body:
    """Under the source's key, and exported by nobody: whoever may sign a download link would have the whole disk."""
    if like.disk_encryption_set_id is None:
        return dict(NO_EXPORT)
    encryption = {"diskEncryptionSetId": like.disk_encryption_set_id}
    typed = {"type": like.encryption_type, **encryption} if like.encryption_type else encryption
    return {**NO_EXPORT, "encryption": typed}


def _rule(
    name: str,
    priority: int,
    direction: str,
    access: str,
    *,
    to: str = "*",
    protocol: str = "*",
    ports: tuple[str, ...] = (),
) -> Body:
    properties = {
        "priority": priority,
        "direction": direction,
        "access": access,
        "protocol": protocol,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": to,
        # ARM takes one range under the one name, several under the other.
        **({"destinationPortRanges": list(ports)} if ports else {"destinationPortRange": "*"}),
    }
    return {"name": name, "properties": properties}
