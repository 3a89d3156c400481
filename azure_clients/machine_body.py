"""ARM's JSON of a machine that a run makes: out of a disk of ours, or out of an image."""

import secrets
from typing import Any

from contracts.facts import DiskFacts, MachineShape, OsType
from contracts.ids import subscription_of
from contracts.making_steps import DataDisk, MakeMachine

type Body = dict[str, Any]

_TRUSTED_LAUNCH = "TrustedLaunch"


def machine(request: MakeMachine, tags: dict[str, str]) -> Body:
    """Give the body of a machine like the shape: same security, plan, license and zone; no identity, nobody's key.

    Its boot diagnostics are on, since the proof of its sealing comes over the serial console. What we made for it is
    detached when it is deleted, because we delete each thing ourselves; what Azure makes along with it goes with it.
    Raises ValueError if it is made of neither a disk nor an image, or of both.
    """
    if (request.os_disk_id is None) == (request.image_id is None):
        raise ValueError("a machine is made either of a disk or of an image")
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
        properties["osProfile"] = _first_boot(request, request.computer_name)
    body: Body = {"location": request.location, "tags": tags, "properties": properties}
    if shape.zones:
        body["zones"] = [shape.zones[0]]
    if shape.plan is not None:
        body["plan"] = _plan(shape)
    return body


def _storage(request: MakeMachine) -> Body:
    """Disks that are attached keep their machine's caching; those out of an image take what the image says."""
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
        os_disk |= _under_the_key_of(request.shape.os_disk, request)
        storage |= {"imageReference": {"id": request.image_id}, "osDisk": os_disk}
        if request.data_disks:
            sources = {disk.lun: disk for disk in request.shape.data_disks}
            storage["dataDisks"] = [
                _out_of_the_image(disk) | _under_the_key_of(sources.get(disk.lun), request)
                for disk in request.data_disks
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


def _out_of_the_image(disk: DataDisk) -> Body:
    """A data disk that is not named here is made nevertheless, under a name of Azure's, and outlives its machine."""
    name = disk.id.rsplit("/", 1)[-1]
    return {
        "lun": disk.lun,
        "createOption": "FromImage",
        "name": name,
        "caching": disk.caching,
        "deleteOption": "Delete",
    }


def _under_the_key_of(source: DiskFacts | None, request: MakeMachine) -> Body:
    """Name the source disk's encryption set where Azure takes it: in the subscription of the new machine."""
    set_id = source.disk_encryption_set_id if source is not None else None
    if set_id is None or subscription_of(set_id) != subscription_of(request.made.id):
        return {}
    return {"managedDisk": {"diskEncryptionSet": {"id": set_id}}}


def _security(shape: MachineShape) -> Body:
    security: Body = {}
    if (shape.security_type or "").lower() == _TRUSTED_LAUNCH.lower():
        flags = {"secureBootEnabled": shape.secure_boot, "vTpmEnabled": shape.v_tpm}
        security["securityType"] = _TRUSTED_LAUNCH
        if known := {name: flag for name, flag in flags.items() if flag is not None}:
            security["uefiSettings"] = known
    if shape.encryption_at_host:
        security["encryptionAtHost"] = True
    return security


def _plan(shape: MachineShape) -> Body:
    assert shape.plan is not None
    plan = {"name": shape.plan.name, "publisher": shape.plan.publisher, "product": shape.plan.product}
    return plan | ({"promotionCode": shape.plan.promotion_code} if shape.plan.promotion_code else {})


def _first_boot(request: MakeMachine, computer_name: str) -> Body:
    """Azure insists on an administrator: this one's password is forgotten as soon as it was sent."""
    # The suffix meets Azure's rule (three of: lower, upper, digit, sign) whatever chance gives.
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
