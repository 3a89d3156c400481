"""A machine as ARM shows it: the model, the list items, and its OS disk."""

from typing import Any

from workbench.arm_simulator.instance_view import instance_view, statuses
from workbench.arm_simulator.machine import Machine

_IMAGES = {
    "Linux": ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202510020"),
    "Windows": ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", "20348.4052.250904"),
}


def vm_model(machine: Machine, expand: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The body of GET virtualMachines/{vm}."""
    spec = machine.spec
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": spec.vm_size},
        "provisioningState": machine.provisioning_state,
        "vmId": machine.vm_id,
        "storageProfile": _storage_profile(machine),
        "osProfile": _os_profile(machine),
        "networkProfile": _network_profile(machine),
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": spec.boot_diagnostics}},
        "extensionsTimeBudget": "PT1H30M",
        "timeCreated": machine.created.isoformat(),
    }
    if spec.scale_set is not None:
        provider = f"{spec.group_id}/providers/Microsoft.Compute"
        properties["virtualMachineScaleSet"] = {"id": f"{provider}/virtualMachineScaleSets/{spec.scale_set}"}
    if spec.license_type is not None:
        properties["licenseType"] = spec.license_type
    if spec.security_type is not None:
        uefi = {"secureBootEnabled": True, "vTpmEnabled": True}
        properties["securityProfile"] = {"uefiSettings": uefi, "securityType": spec.security_type}
    if "userdata" in expand and spec.user_data is not None:
        properties["userData"] = spec.user_data
    if "instanceview" in expand:
        properties["instanceView"] = instance_view(machine)
    model: dict[str, Any] = {"name": machine.name, "id": machine.id, "type": "Microsoft.Compute/virtualMachines"}
    model |= {"location": spec.location, "tags": dict(machine.tags)}
    if spec.zones:
        model["zones"] = list(spec.zones)
    return {**model, "properties": properties, "etag": '"2"'}


def vm_status_item(machine: Machine) -> dict[str, Any]:
    """A list item of `statusOnly=true`: who it is and its statuses, no model, no tags."""
    item = {"name": machine.name, "id": machine.id, "type": "Microsoft.Compute/virtualMachines"}
    properties = {"vmId": machine.vm_id, "instanceView": {"statuses": statuses(machine)}}
    return {**item, "location": machine.spec.location, "properties": properties}


def disk_model(machine: Machine) -> dict[str, Any]:
    """The body of GET disks/{name} for its OS disk."""
    spec = machine.spec
    states = {"deallocated": "Reserved"}
    properties: dict[str, Any] = {
        "osType": spec.os,
        "hyperVGeneration": spec.hyper_v_generation,
        "creationData": {"createOption": "FromImage"},
        "diskSizeGB": 30 if spec.os == "Linux" else 127,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "timeCreated": machine.created.isoformat(),
        "provisioningState": "Succeeded",
        "diskState": states.get(machine.power, "Attached"),
    }
    if spec.security_type is not None:
        disk_types = {
            "TrustedLaunch": "TrustedLaunch",
            "ConfidentialVM": "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
        }
        properties["securityProfile"] = {"securityType": disk_types[spec.security_type]}
    if spec.ade_encrypted:
        vault = f"{spec.group_id}/providers/Microsoft.KeyVault/vaults/ade-vault"
        key = {"sourceVault": {"id": vault}, "secretUrl": "https://ade-vault.vault.azure.net/secrets/disk/1"}
        settings = [{"diskEncryptionKey": key}]
        properties["encryptionSettingsCollection"] = {"enabled": True, "encryptionSettings": settings}
    disk = {"name": machine.os_disk, "id": disk_id(machine), "type": "Microsoft.Compute/disks"}
    resource = {**disk, "location": spec.location, "managedBy": machine.id, "sku": {"name": "Premium_LRS"}}
    return {**resource, "tags": {}, "properties": properties}


def disk_id(machine: Machine) -> str:
    """The ARM id of its OS disk."""
    return f"{machine.spec.group_id}/providers/Microsoft.Compute/disks/{machine.os_disk}"


def _storage_profile(machine: Machine) -> dict[str, Any]:
    spec = machine.spec
    image = dict(zip(("publisher", "offer", "sku", "version"), _IMAGES[spec.os], strict=True))
    os_disk: dict[str, Any] = {"osType": spec.os, "name": machine.os_disk, "createOption": "FromImage"}
    os_disk["caching"] = "ReadOnly" if spec.ephemeral_os_disk else "ReadWrite"
    os_disk["managedDisk"] = {"storageAccountType": "Premium_LRS", "id": disk_id(machine)}
    if spec.ephemeral_os_disk:
        os_disk["diffDiskSettings"] = {"option": "Local", "placement": "CacheDisk"}
    os_disk |= {"deleteOption": "Delete", "diskSizeGB": 30 if spec.os == "Linux" else 127}
    data_disks = [_data_disk(machine, lun) for lun in range(spec.data_disks)]
    return {"imageReference": image, "osDisk": os_disk, "dataDisks": data_disks, "diskControllerType": "SCSI"}


def _data_disk(machine: Machine, lun: int) -> dict[str, Any]:
    name = f"{machine.name}_data{lun}"
    disk = f"{machine.spec.group_id}/providers/Microsoft.Compute/disks/{name}"
    managed = {"storageAccountType": "Premium_LRS", "id": disk}
    entry = {"lun": lun, "name": name, "createOption": "Empty", "caching": "None", "managedDisk": managed}
    return {**entry, "deleteOption": "Detach", "diskSizeGB": 64}


def _os_profile(machine: Machine) -> dict[str, Any]:
    profile: dict[str, Any] = {"computerName": machine.name[:15], "adminUsername": machine.spec.linux.user}
    if machine.spec.os == "Linux":
        profile["linuxConfiguration"] = {"disablePasswordAuthentication": True, "provisionVMAgent": True}
    else:
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": True}
    return {**profile, "secrets": [], "allowExtensionOperations": True, "requireGuestProvisionSignal": True}


def _network_profile(machine: Machine) -> dict[str, Any]:
    nic = f"{machine.spec.group_id}/providers/Microsoft.Network/networkInterfaces/{machine.name}-nic"
    return {"networkInterfaces": [{"id": nic, "properties": {"primary": True, "deleteOption": "Delete"}}]}
