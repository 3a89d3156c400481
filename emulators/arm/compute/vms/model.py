"""The model of a VM, from its PUT or from its description in the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulators.arm.compute.sizes.table import find_size
from emulators.arm.compute.vms.specs import VmSpec

_IMAGES = {
    "Linux": ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202510020"),
    "Windows": ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", "20348.4052.250904"),
}


@dataclass
class VmModel:
    """The parts of a model as GET returns them; no secrets."""

    storage: dict[str, Any]
    network: dict[str, Any]
    #: None for a VM that was created from a disk or from a specialized image.
    os_profile: dict[str, Any] | None
    security: dict[str, Any] | None
    plan: Mapping[str, str] | None = None
    identity: Mapping[str, Any] | None = None
    priority: str | None = None
    #: `additionalCapabilities`.
    capabilities: Mapping[str, bool] | None = None
    #: The checked body of its PUT, passwords hashed; None for a fleet VM.
    given: Mapping[str, Any] | None = None

    @property
    def os_disk_name(self) -> str:
        """The name of its OS disk."""
        return str(self.storage["osDisk"]["name"])

    def disks(self) -> list[tuple[str, bool]]:
        """Ids of its disks, the OS disk first, and whether each is deleted with the VM."""
        entries = [self.storage["osDisk"], *self.storage["dataDisks"]]
        return [(str(entry["managedDisk"]["id"]), entry.get("deleteOption") == "Delete") for entry in entries]

    def interfaces(self) -> list[tuple[str, bool]]:
        """Ids of its network interfaces, and whether each is deleted with the VM."""
        entries: list[dict[str, Any]] = self.network["networkInterfaces"]
        return [(str(e["id"]), e.get("properties", {}).get("deleteOption") == "Delete") for e in entries]


def fleet_model(spec: VmSpec, disk_suffix: str) -> VmModel:
    """The model of a fleet VM."""
    security = None
    if spec.security_type is not None:
        uefi = {"secureBootEnabled": True, "vTpmEnabled": True}
        security = {"uefiSettings": uefi, "securityType": spec.security_type}
    nic = f"{spec.group_id}/providers/Microsoft.Network/networkInterfaces/{spec.name}-nic"
    interface = {"id": nic, "properties": {"primary": True, "deleteOption": "Delete"}}
    storage, profile = _storage_profile(spec, disk_suffix), _os_profile(spec)
    network = {"networkInterfaces": [interface]}
    return VmModel(storage, network, profile, security, plan=spec.plan, capabilities=_capabilities(spec))


def _capabilities(spec: VmSpec) -> dict[str, bool] | None:
    shown = {"hibernationEnabled": True} if spec.can_hibernate else {}
    if "UltraSSD_LRS" in spec.data_disk_skus:
        shown["ultraSSDEnabled"] = True
    return shown or None


def _disk_id(spec: VmSpec, name: str) -> str:
    return f"{spec.group_id}/providers/Microsoft.Compute/disks/{name}"


def _managed(spec: VmSpec, name: str, sku: str) -> dict[str, Any]:
    managed: dict[str, Any] = {"storageAccountType": sku, "id": _disk_id(spec, name)}
    if spec.encryption_set_id is not None:
        managed["diskEncryptionSet"] = {"id": spec.encryption_set_id}
    return managed


def _storage_profile(spec: VmSpec, disk_suffix: str) -> dict[str, Any]:
    image = dict(zip(("publisher", "offer", "sku", "version"), _IMAGES[spec.os], strict=True))
    name = f"{spec.name}_OsDisk_1_{disk_suffix}"
    os_disk: dict[str, Any] = {"osType": spec.os, "name": name, "createOption": "FromImage"}
    os_disk["caching"] = "ReadOnly" if spec.ephemeral_os_disk else "ReadWrite"
    os_disk["managedDisk"] = _managed(spec, name, spec.os_disk_sku)
    if spec.ephemeral_os_disk:
        os_disk["diffDiskSettings"] = {"option": "Local", "placement": "CacheDisk"}
    os_disk |= {"deleteOption": "Delete", "diskSizeGB": spec.os_disk_size}
    data_disks = [_data_disk(spec, lun) for lun in range(spec.data_disks)]
    controller = spec.disk_controller or find_size(spec.vm_size).series.controllers[0]
    return {"imageReference": image, "osDisk": os_disk, "dataDisks": data_disks, "diskControllerType": controller}


def _data_disk(spec: VmSpec, lun: int) -> dict[str, Any]:
    name = f"{spec.name}_data{lun}"
    sku = spec.data_disk_skus[lun] if lun < len(spec.data_disk_skus) else "Premium_LRS"
    entry = {"lun": lun, "name": name, "createOption": "Empty", "caching": "None"}
    return {**entry, "managedDisk": _managed(spec, name, sku), "deleteOption": "Detach", "diskSizeGB": 64}


def _os_profile(spec: VmSpec) -> dict[str, Any]:
    profile: dict[str, Any] = {"computerName": spec.name[:15], "adminUsername": spec.linux.user}
    if spec.os == "Linux":
        profile["linuxConfiguration"] = {"disablePasswordAuthentication": True, "provisionVMAgent": True}
    else:
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": True}
    return {**profile, "secrets": [], "allowExtensionOperations": True, "requireGuestProvisionSignal": True}
