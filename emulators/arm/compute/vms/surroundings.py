"""Disks, network interfaces and network of a fleet VM, created with the fleet."""

from typing import Any

from emulators.arm.compute.disks.references import capabilities
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.network.interfaces import SUBNETS, VNETS, interface_properties
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource, Store

_OS_DISK_SECURITY = {
    "TrustedLaunch": "TrustedLaunch",
    "ConfidentialVM": "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
}


def add_surroundings(store: Store, vm: Vm) -> None:
    """Add them to the store without a creation record, so that lists show them at once as existing resources."""
    if (set_id := vm.spec.encryption_set_id) is not None:
        _add(store, set_id, "Microsoft.Compute/diskEncryptionSets", vm.spec.location)
    _add_os_disk(store, vm)
    for entry in vm.model.storage["dataDisks"]:
        _add_data_disk(store, vm, entry)
    subnet = add_network(store, vm.spec.group_id, vm.spec.location)
    for nic_id, _ in vm.model.interfaces():
        nic = _add(store, nic_id, "Microsoft.Network/networkInterfaces", vm.spec.location)
        given = [{"name": "ipconfig1", "properties": {"subnet": {"id": subnet.id}}}]
        nic.properties = interface_properties(nic, {"ipConfigurations": given})
        nic.owners = [vm.id]


def add_network(store: Store, group_id: str, location: str) -> Resource:
    """The network of a group in a location, created if missing; returns its subnet."""
    network = f"{group_id}/providers/Microsoft.Network/virtualNetworks/vnet-{region_key(location)}"
    if (subnet := store.get(f"{network}/subnets/default")) is not None:
        return subnet
    _add(store, network, VNETS, location, addressSpace={"addressPrefixes": ["10.0.0.0/16"]})
    return _add(store, f"{network}/subnets/default", SUBNETS, location, addressPrefix="10.0.0.0/24")


def _add(store: Store, resource_id: str, kind: str, location: str, **properties: Any) -> Resource:
    if (known := store.get(resource_id)) is not None:
        return known
    return store.add(store.new(resource_id, kind, location, fresh=False, properties=properties), trace=False)


def _disk(store: Store, vm: Vm, entry: dict[str, Any], **properties: Any) -> Resource:
    managed = entry["managedDisk"]
    disk = _add(store, managed["id"], "Microsoft.Compute/disks", vm.spec.location, **properties)
    encryption: dict[str, Any] = {"type": "EncryptionAtRestWithPlatformKey"}
    if "diskEncryptionSet" in managed:
        set_id = managed["diskEncryptionSet"]["id"]
        encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": set_id}
    disk.properties |= {
        "diskSizeGB": entry["diskSizeGB"],
        "encryption": encryption,
        "networkAccessPolicy": "AllowAll",
        "timeCreated": vm.created.isoformat(),
    }
    disk.sku, disk.zones, disk.owners = {"name": managed["storageAccountType"]}, vm.spec.zones, [vm.id]
    return disk


def _add_os_disk(store: Store, vm: Vm) -> None:
    spec = vm.spec
    creation = {"createOption": "FromImage"}
    disk = _disk(store, vm, vm.model.storage["osDisk"], osType=spec.os, creationData=creation)
    disk.properties["hyperVGeneration"] = spec.hyper_v_generation
    disk.properties["supportedCapabilities"] = capabilities(spec.architecture, spec.controllers)
    if spec.can_hibernate:
        disk.properties["supportsHibernation"] = True
    if spec.plan is not None:
        disk.properties["purchasePlan"] = dict(spec.plan)
    if spec.security_type is not None:
        disk.properties["securityProfile"] = {"securityType": _OS_DISK_SECURITY[spec.security_type]}
    if spec.ade_encrypted:
        vault = f"{spec.group_id}/providers/Microsoft.KeyVault/vaults/ade-vault"
        key = {"sourceVault": {"id": vault}, "secretUrl": "https://ade-vault.vault.azure.net/secrets/disk/1"}
        settings = [{"diskEncryptionKey": key}]
        disk.properties["encryptionSettingsCollection"] = {"enabled": True, "encryptionSettings": settings}


def _add_data_disk(store: Store, vm: Vm, entry: dict[str, Any]) -> None:
    disk = _disk(store, vm, entry, creationData={"createOption": "Empty"})
    if vm.spec.shared_data_disk and entry["lun"] == 0:
        disk.properties["maxShares"] = 2
