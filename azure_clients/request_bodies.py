"""Request bodies for the temporary disks, snapshots and network resources."""

from typing import Any

from contracts.activities.resources import (
    CreateDisk,
    CreateNetworkInterface,
    CreateSecurityGroup,
    CreateSnapshot,
    NewResource,
)
from contracts.facts import DiskFacts

type Body = dict[str, Any]

NO_EXPORT = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
"""Properties that disable the export of a disk or snapshot; it can still be attached and copied."""

_PLATFORM = "168.63.129.16/32"
"""Azure's virtual public IP address: DHCP, DNS, VM agent (Microsoft: "What is IP address 168.63.129.16?")."""
_PLATFORM_PRIORITY, _FIRST_TAG_PRIORITY, _LAST_PRIORITY = 100, 200, 4_096
_WEB = ("80", "443")
"""Port 80 too: Ubuntu's mirrors in Azure and Windows Update serve signed content over plain HTTP."""


def snapshot(request: CreateSnapshot, tags: dict[str, str], like: DiskFacts) -> Body:
    """Return the body of an incremental snapshot of a disk, on standard storage, encrypted like the disk (`like`)."""
    properties = {
        "creationData": _copy_of(request.source_disk_id),
        "incremental": True,
        **_encryption_without_export(like),
    }
    return _resource(request, tags, properties, sku={"name": "Standard_LRS"})


def disk(request: CreateDisk, tags: dict[str, str]) -> Body:
    """Return the body of a disk from a snapshot, with the source disk's SKU, generation, security and encryption."""
    like = request.like
    properties: Body = {"creationData": _copy_of(request.snapshot_id), **_encryption_without_export(like)}
    if like.os_type is not None:
        properties["osType"] = str(like.os_type)
    if like.generation is not None:
        properties["hyperVGeneration"] = like.generation
    if like.security_type is not None:
        properties["securityProfile"] = {"securityType": like.security_type}
    body = _resource(request, tags, properties, sku={"name": like.sku})
    # A zone-redundant disk must not name a zone.
    if request.zone is not None and not like.sku.upper().endswith("_ZRS"):
        body["zones"] = [request.zone]
    return body


def security_group(request: CreateSecurityGroup, tags: dict[str, str]) -> Body:
    """Return the body of a security group that only allows outbound traffic to the platform address and service tags.

    The two deny rules come before Azure's default rules, which allow inbound traffic from the virtual network and the
    load balancer, and all outbound traffic.
    """
    rules = [_rule("allow-platform-out", _PLATFORM_PRIORITY, "Outbound", "Allow", to=_PLATFORM)]
    for number, service in enumerate(request.service_tags):
        name, priority = f"allow-service-{number + 1}-out", _FIRST_TAG_PRIORITY + number
        rules.append(_rule(name, priority, "Outbound", "Allow", to=service, protocol="Tcp", ports=_WEB))
    rules.append(_rule("deny-all-out", _LAST_PRIORITY, "Outbound", "Deny"))
    rules.append(_rule("deny-all-in", _PLATFORM_PRIORITY, "Inbound", "Deny"))
    return _resource(request, tags, {"securityRules": rules})


def network_interface(request: CreateNetworkInterface, tags: dict[str, str]) -> Body:
    """Return the body of a network interface with one private address, no public one, and its own security group."""
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


def _resource(request: NewResource, tags: dict[str, str], properties: Body, **more: Any) -> Body:
    return {"location": request.location, "tags": tags, **more, "properties": properties}


def _copy_of(source_id: str) -> Body:
    return {"createOption": "Copy", "sourceResourceId": source_id}


def _encryption_without_export(like: DiskFacts) -> Body:
    """Encrypt with the source's key, and disable export: a signed download link would expose the disk."""
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
        # ARM takes one range in one property, several in the other.
        **({"destinationPortRanges": list(ports)} if ports else {"destinationPortRange": "*"}),
    }
    return {"name": name, "properties": properties}
