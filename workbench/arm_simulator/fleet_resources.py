"""What surrounds a machine, its disks, interfaces and network: made with the fleet, let go with the machine."""

from typing import Any

from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.network import SUBNETS, VNETS, interface_properties
from workbench.arm_simulator.regions import region_key
from workbench.arm_simulator.store import Resource, Store

_OS_DISK_SECURITY = {
    "TrustedLaunch": "TrustedLaunch",
    "ConfidentialVM": "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
}


def add_surroundings(store: Store, machine: Machine) -> None:
    """Put them into the store; they were always there, so lists show them at once and nothing says they were made."""
    if (set_id := machine.spec.encryption_set_id) is not None:
        _add(store, set_id, "Microsoft.Compute/diskEncryptionSets", machine.spec.location)
    _add_os_disk(store, machine)
    for entry in machine.model.storage["dataDisks"]:
        _add_data_disk(store, machine, entry)
    subnet = add_network(store, machine.spec.group_id, machine.spec.location)
    for nic_id, _ in machine.model.interfaces():
        nic = _add(store, nic_id, "Microsoft.Network/networkInterfaces", machine.spec.location)
        given = [{"name": "ipconfig1", "properties": {"subnet": {"id": subnet.id}}}]
        nic.properties = interface_properties(nic, {"ipConfigurations": given})
        nic.owners = [machine.id]


def add_network(store: Store, group_id: str, location: str) -> Resource:
    """The network of a group in a location, made when there is none; gives back its subnet."""
    network = f"{group_id}/providers/Microsoft.Network/virtualNetworks/vnet-{region_key(location)}"
    if (subnet := store.get(f"{network}/subnets/default")) is not None:
        return subnet
    _add(store, network, VNETS, location, addressSpace={"addressPrefixes": ["10.0.0.0/16"]})
    return _add(store, f"{network}/subnets/default", SUBNETS, location, addressPrefix="10.0.0.0/24")


def _add(store: Store, resource_id: str, kind: str, location: str, **properties: Any) -> Resource:
    if (known := store.get(resource_id)) is not None:
        return known
    return store.add(store.new(resource_id, kind, location, fresh=False, properties=properties), trace=False)


def _disk(store: Store, machine: Machine, entry: dict[str, Any], **properties: Any) -> Resource:
    managed = entry["managedDisk"]
    disk = _add(store, managed["id"], "Microsoft.Compute/disks", machine.spec.location, **properties)
    encryption: dict[str, Any] = {"type": "EncryptionAtRestWithPlatformKey"}
    if "diskEncryptionSet" in managed:
        set_id = managed["diskEncryptionSet"]["id"]
        encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": set_id}
    disk.properties |= {
        "diskSizeGB": entry["diskSizeGB"],
        "encryption": encryption,
        "networkAccessPolicy": "AllowAll",
        "timeCreated": machine.created.isoformat(),
    }
    disk.sku, disk.zones, disk.owners = {"name": managed["storageAccountType"]}, machine.spec.zones, [machine.id]
    return disk


def _add_os_disk(store: Store, machine: Machine) -> None:
    spec = machine.spec
    creation = {"createOption": "FromImage"}
    disk = _disk(store, machine, machine.model.storage["osDisk"], osType=spec.os, creationData=creation)
    disk.properties["hyperVGeneration"] = spec.hyper_v_generation
    if spec.plan is not None:
        disk.properties["purchasePlan"] = dict(spec.plan)
    if spec.security_type is not None:
        disk.properties["securityProfile"] = {"securityType": _OS_DISK_SECURITY[spec.security_type]}
    if spec.ade_encrypted:
        vault = f"{spec.group_id}/providers/Microsoft.KeyVault/vaults/ade-vault"
        key = {"sourceVault": {"id": vault}, "secretUrl": "https://ade-vault.vault.azure.net/secrets/disk/1"}
        settings = [{"diskEncryptionKey": key}]
        disk.properties["encryptionSettingsCollection"] = {"enabled": True, "encryptionSettings": settings}


def _add_data_disk(store: Store, machine: Machine, entry: dict[str, Any]) -> None:
    disk = _disk(store, machine, entry, creationData={"createOption": "Empty"})
    if machine.spec.shared_data_disk and entry["lun"] == 0:
        disk.properties["maxShares"] = 2


def let_go(store: Store, machine: Machine) -> None:
    """The machine is gone: what its delete options name goes too, and the rest keeps what is on it."""
    for number, (resource_id, with_machine) in enumerate((*machine.model.disks(), *machine.model.interfaces())):
        resource = store.get(resource_id)
        if resource is None:
            continue
        resource.owners = [owner for owner in resource.owners if owner.lower() != machine.id.lower()]
        if with_machine:
            store.remove(resource.id)
        elif number == 0:
            resource.content = machine.guest.freeze()
