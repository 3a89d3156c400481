"""Request body for a temporary VM: from disks of this run, or from an image."""

import secrets
from typing import Any

from contracts.activities.resources import CreateVm, DataDisk
from contracts.facts import DiskFacts, OsType, VmShape

type Body = dict[str, Any]

_TRUSTED_LAUNCH = "TrustedLaunch"


def vm(request: CreateVm, tags: dict[str, str]) -> Body:
    """Return the body of a VM like `shape`: same security, plan and license; no managed identity, no SSH key.

    Boot diagnostics are enabled: the proof of the deprovisioning is read from the serial log. The resources that the
    run created are detached when the VM is deleted, since the run deletes each of them. Disks that Azure creates from
    the image are deleted with the VM. Raises ValueError unless the request has either an OS disk or an image.
    """
    if (request.os_disk_id is None) == (request.image_id is None):
        raise ValueError("a VM is created either from a disk or from an image")
    shape = request.shape
    interface = {"id": request.network_interface_id, "properties": {"primary": True, "deleteOption": "Detach"}}
    properties: Body = {
        "hardwareProfile": {"vmSize": request.vm_size},
        "storageProfile": _storage(request),
        "networkProfile": {"networkInterfaces": [interface]},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }
    if security := _security(shape):
        properties["securityProfile"] = security
    if shape.license_type is not None:
        properties["licenseType"] = shape.license_type
    if request.image_id is not None and request.computer_name is not None:
        properties["osProfile"] = _os_profile(request, request.computer_name)
    body: Body = {"location": request.location, "tags": tags, "properties": properties}
    if request.zone is not None:
        body["zones"] = [request.zone]
    if shape.plan is not None:
        body["plan"] = _plan(shape)
    return body


def _storage(request: CreateVm) -> Body:
    """Attached disks keep the source VM's caching; those from an image have the image's."""
    storage: Body = {}
    if request.os_disk_id is not None:
        os_disk: Body = {
            "createOption": "Attach",
            "osType": str(request.os_type),
            "managedDisk": {"id": request.os_disk_id},
            "deleteOption": "Detach",
        }
        if request.shape.os_disk is not None:
            os_disk["caching"] = request.shape.os_disk.caching
        storage |= {"osDisk": os_disk, "dataDisks": [_attached(disk) for disk in request.data_disks]}
    else:
        os_disk = {"createOption": "FromImage", "deleteOption": "Delete"}
        if request.os_disk_name is not None:
            os_disk["name"] = request.os_disk_name
        os_disk |= _encryption_like(request.shape.os_disk)
        storage |= {"imageReference": {"id": request.image_id}, "osDisk": os_disk}
        if request.data_disks:
            sources = {disk.lun: disk for disk in request.shape.data_disks}
            storage["dataDisks"] = [
                _from_image(disk) | _encryption_like(sources.get(disk.lun)) for disk in request.data_disks
            ]
    if request.shape.disk_controller is not None:
        storage["diskControllerType"] = request.shape.disk_controller
    return storage


def _attached(disk: DataDisk) -> Body:
    return {
        "lun": disk.lun,
        "createOption": "Attach",
        "caching": disk.caching,
        "managedDisk": {"id": disk.id},
        "deleteOption": "Detach",
    }


def _from_image(disk: DataDisk) -> Body:
    """Name the data disk: otherwise Azure chooses a name, and the disk is not deleted with the VM."""
    name = disk.id.rsplit("/", 1)[-1]
    return {
        "lun": disk.lun,
        "createOption": "FromImage",
        "name": name,
        "caching": disk.caching,
        "deleteOption": "Delete",
    }


def _encryption_like(source: DiskFacts | None) -> Body:
    """Set the source disk's disk encryption set; that it can be used there was checked (`policy/encryption_sets`)."""
    set_id = source.disk_encryption_set_id if source is not None else None
    if set_id is None:
        return {}
    return {"managedDisk": {"diskEncryptionSet": {"id": set_id}}}


def _security(shape: VmShape) -> Body:
    security: Body = {}
    if (shape.security_type or "").lower() == _TRUSTED_LAUNCH.lower():
        flags = {"secureBootEnabled": shape.secure_boot, "vTpmEnabled": shape.v_tpm}
        security["securityType"] = _TRUSTED_LAUNCH
        if known := {name: flag for name, flag in flags.items() if flag is not None}:
            security["uefiSettings"] = known
    if shape.encryption_at_host:
        security["encryptionAtHost"] = True
    return security


def _plan(shape: VmShape) -> Body:
    assert shape.plan is not None
    plan = {"name": shape.plan.name, "publisher": shape.plan.publisher, "product": shape.plan.product}
    return plan | ({"promotionCode": shape.plan.promotion_code} if shape.plan.promotion_code else {})


def _os_profile(request: CreateVm, computer_name: str) -> Body:
    """Azure requires an administrator; its random password is not stored."""
    # The suffix meets Azure's rule (three of: lower case, upper case, digit, special character).
    password = f"{secrets.token_urlsafe(32)}aA1!"
    profile: Body = {
        "computerName": computer_name,
        "adminUsername": request.admin_user,
        "adminPassword": password,
    }
    if request.os_type is OsType.LINUX:
        profile["linuxConfiguration"] = {"disablePasswordAuthentication": False, "provisionVMAgent": True}
    else:
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": False}
    return profile
