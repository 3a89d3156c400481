"""Bodies and ids of disks, networks and VMs, and a way to poll an operation with the stepped clock."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP

REGION = "westeurope"
GROUP_ID = VmSpec("any").group_id
COMPUTE = f"{GROUP_ID}/providers/Microsoft.Compute"
NETWORK = f"{GROUP_ID}/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/vnet-{REGION}/subnets/default"
PASSWORD = "Correct-Horse-7-Battery"


async def finish(clock: SteppedClock, begun: Awaitable[Any], step: float = 10.0) -> Any:
    """The result of a long-running operation of the SDK; advances the clock until it has ended."""
    done = asyncio.ensure_future((await begun).result())
    for _ in range(400):
        if done.done():
            break
        await clock.advance(step)
        await asyncio.sleep(0.005)
    return await done


def disk_id(name: str) -> str:
    """The id of a disk in the tests' group."""
    return f"{COMPUTE}/disks/{name}"


def snapshot_id(name: str) -> str:
    """The id of a snapshot in the tests' group."""
    return f"{COMPUTE}/snapshots/{name}"


def nic_id(name: str) -> str:
    """The id of a network interface in the tests' group."""
    return f"{NETWORK}/networkInterfaces/{name}"


def nsg_id(name: str) -> str:
    """The id of a network security group in the tests' group."""
    return f"{NETWORK}/networkSecurityGroups/{name}"


def vm_id(name: str) -> str:
    """The id of a VM in the tests' group."""
    return f"{COMPUTE}/virtualMachines/{name}"


def os_disk_id(simulator: Simulator, vm: str) -> str:
    """The id of a VM's OS disk."""
    return disk_id(simulator.vm(vm).os_disk)


def copy_body(source: str, **more: Any) -> dict[str, Any]:
    """A disk or a snapshot that is a copy; `more` are properties, and `tags`, `sku`, `zones`, `location`."""
    top = {name: more.pop(name) for name in ("tags", "sku", "zones", "location") if name in more}
    creation = {"createOption": "Copy", "sourceResourceId": source}
    return {"location": REGION, **top, "properties": {"creationData": creation, **more}}


def nic_body(nsg: str | None = None, subnet: str = SUBNET, location: str = REGION) -> dict[str, Any]:
    """A network interface in a subnet."""
    properties: dict[str, Any] = {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": subnet}}}]}
    if nsg is not None:
        properties["networkSecurityGroup"] = {"id": nsg_id(nsg)}
    return {"location": location, "tags": {"run": "r1"}, "properties": properties}


def rule(name: str = "deny", **more: Any) -> dict[str, Any]:
    """A rule that denies all inbound traffic."""
    properties = {"protocol": "*", "access": "Deny", "direction": "Inbound", "priority": 4096}
    for side in ("source", "destination"):
        properties |= {f"{side}AddressPrefix": "*", f"{side}PortRange": "*"}
    return {"name": name, "properties": {**properties, **more}}


def nsg_body(*rules: dict[str, Any]) -> dict[str, Any]:
    """A network security group."""
    return {"location": REGION, "tags": {"run": "r1"}, "properties": {"securityRules": list(rules)}}


def vm_body(storage: dict[str, Any], nic: str = "nic1", **more: Any) -> dict[str, Any]:
    """A VM; `more` are properties, and `tags`, `zones`, `plan`, `location`."""
    top = {name: more.pop(name) for name in ("tags", "zones", "plan", "location") if name in more}
    interface = {"id": nic_id(nic), "properties": {"primary": True, "deleteOption": "Detach"}}
    properties: dict[str, Any] = {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}, "storageProfile": storage}
    properties["networkProfile"] = {"networkInterfaces": [interface]}
    properties["diagnosticsProfile"] = {"bootDiagnostics": {"enabled": True}}
    return {"location": REGION, "tags": {"run": "r1"}, **top, "properties": {**properties, **more}}


def attached(name: str = "copy1", delete: str = "Delete", os_type: str = "Linux") -> dict[str, Any]:
    """The storage profile of a VM created from a disk."""
    managed = {"id": disk_id(name)}
    return {"osDisk": {"createOption": "Attach", "osType": os_type, "deleteOption": delete, "managedDisk": managed}}


def from_image(image: str, **more: Any) -> dict[str, Any]:
    """The storage profile of a VM created from an image."""
    return {"imageReference": {"id": image}, "osDisk": {"createOption": "FromImage", **more}}


def linux_profile(**more: Any) -> dict[str, Any]:
    """An osProfile for Linux, with a password."""
    return {"computerName": "fresh1", "adminUsername": "azureuser", "adminPassword": PASSWORD, **more}


async def make_copy(
    client: Any, clock: SteppedClock, simulator: Simulator, vm: str = "linux1", name: str = "copy1"
) -> None:
    """Snapshot a VM's OS disk and create a disk from it."""
    source = copy_body(os_disk_id(simulator, vm), incremental=True, tags={"run": "r1"})
    await finish(clock, client.snapshots.begin_create_or_update(GROUP, f"{name}-snap", source))
    body = copy_body(snapshot_id(f"{name}-snap"), tags={"run": "r1"}, sku={"name": "Premium_LRS"})
    await finish(clock, client.disks.begin_create_or_update(GROUP, name, body))


async def make_network(raw: Any, clock: SteppedClock, nic: str = "nic1", nsg: str = "nsg1") -> None:
    """A network interface with its own security group."""
    assert (await raw("PUT", nsg_id(nsg), nsg_body(rule()))).status == 201
    await clock.advance(10)
    assert (await raw("PUT", nic_id(nic), nic_body(nsg))).status == 201
    await clock.advance(10)
