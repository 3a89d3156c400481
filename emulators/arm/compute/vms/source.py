"""The source of a new VM, a disk or an image, and the disks that it gets."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.arm.compute.disks.references import (
    architecture_of,
    check_encryption_set,
    controllers_of,
    image_properties,
    require_image,
)
from emulators.arm.compute.disks.views import DISKS
from emulators.arm.compute.vms.checks import attached_disk, check_os_disk, check_plan, security_type
from emulators.arm.compute.vms.os_profile import check_absent, check_profile
from emulators.arm.errors import ArmError, invalid_parameter, missing_parameter
from emulators.arm.guests.model import DiskContent
from emulators.arm.state.store import ImageSource, Resource
from emulators.arm.state.world import World


@dataclass
class Origin:
    """The resolved source of a VM. `fresh` disks are created with it, `storage` is what GET returns."""

    content: DiskContent
    os_type: str
    generation: str
    generalized: bool
    storage: dict[str, Any]
    architecture: str
    #: Disk controllers from which it can boot.
    controllers: tuple[str, ...]
    #: Whether its OS disk holds the memory of a hibernated VM.
    hibernated: bool = False
    #: Whether its OS disk may hold that of the new VM.
    supports_hibernation: bool = True
    attached: list[Resource] = field(default_factory=list[Resource])
    fresh: list[Resource] = field(default_factory=list[Resource])


def find_origin(world: World, vm_id: str, body: Mapping[str, Any]) -> Origin:
    """The checked source of a VM. Raises ArmError."""
    storage = body["properties"]["storageProfile"]
    option, image = storage["osDisk"]["createOption"], storage.get("imageReference")
    if option == "Attach":
        if image is not None:
            message = (
                "Cannot attach an existing OS disk if the VM is created from a platform, user or a shared gallery "
                "image."
            )
            raise invalid_parameter("osDisk", message)
        origin = _from_disk(world, vm_id, body)
    elif option == "FromImage":
        if image is None:
            raise missing_parameter("imageReference")
        origin = _from_image(world, vm_id, body, image["id"])
    else:
        message = f"The value '{option}' of parameter 'osDisk.createOption' is not allowed."
        raise invalid_parameter("osDisk.createOption", message)
    if security_type(body) == "TrustedLaunch" and origin.generation != "V2":
        message = "Trusted Launch is supported only on disks and images of Hypervisor Generation 2."
        raise ArmError(400, "BadRequest", message)
    return origin


def _from_disk(world: World, vm_id: str, body: Mapping[str, Any]) -> Origin:
    check_absent(body["properties"].get("osProfile"))
    storage = body["properties"]["storageProfile"]
    disk = attached_disk(world, vm_id, body, storage["osDisk"], "osDisk")
    check_os_disk(disk, body)
    assert disk.content is not None
    check_plan(vm_id, body.get("plan"), disk.properties.get("purchasePlan"))
    generation = disk.properties.get("hyperVGeneration", "V1")
    entry = _entry(storage["osDisk"], disk)
    entry["osType"] = disk.properties["osType"]
    origin = Origin(
        content=disk.content,
        os_type=entry["osType"],
        generation=generation,
        generalized=False,
        storage={"osDisk": entry},
        architecture=architecture_of(disk.properties),
        controllers=controllers_of(disk.properties),
        hibernated=disk.hibernated,
        supports_hibernation=bool(disk.properties.get("supportsHibernation")),
        attached=[disk],
    )
    _add_data_disks(world, vm_id, body, origin, None)
    return origin


def _from_image(world: World, vm_id: str, body: Mapping[str, Any], image_id: str) -> Origin:
    image = require_image(world, image_id, body["location"])
    profile = body["properties"].get("osProfile")
    if image.os_state == "Generalized":
        check_profile(profile, image.os_type)
    else:
        check_absent(profile)
    _check_security(image, body)
    check_plan(vm_id, body.get("plan"), image.plan)
    given = body["properties"]["storageProfile"]["osDisk"]
    if given.get("diskSizeGB", image.size_gb) < image.size_gb:
        asked = given["diskSizeGB"]
        message = f"The specified disk size {asked} GB is smaller than the size of the image, {image.size_gb} GB."
        raise invalid_parameter("osDisk.diskSizeGB", message)
    reference = {"id": image_id}
    if image.exact_id:
        reference["exactVersion"] = image.exact_id.rsplit("/", 1)[1]
    properties = image_properties(image) | {
        "creationData": {"createOption": "FromImage", "galleryImageReference": {"id": image.exact_id or image_id}},
        "diskSizeGB": given.get("diskSizeGB", image.size_gb),
    }
    if security_type(body) == "Standard":
        properties.pop("securityProfile", None)
    disk = _fresh_disk(world, vm_id, body, given, f"OsDisk_1_{_suffix(vm_id, 'os')}", properties, image.content)
    entry = {"osType": image.os_type, **_entry(given, disk)}
    storage: dict[str, Any] = {"imageReference": reference, "osDisk": entry}
    origin = Origin(
        content=image.content,
        os_type=image.os_type,
        generation=image.generation,
        generalized=image.os_state == "Generalized",
        storage=storage,
        architecture=image.architecture,
        controllers=image.controllers,
        fresh=[disk],
    )
    _add_data_disks(world, vm_id, body, origin, image)
    return origin


def _check_security(image: ImageSource, body: Mapping[str, Any]) -> None:
    wanted, has = security_type(body), image.security_type or "Standard"
    supported = has.endswith("Supported") and (wanted == "Standard" or wanted in has)
    if wanted != has and not supported:
        message = f"The security type '{wanted}' of the VM does not fit the image, whose security type is '{has}'."
        raise ArmError(400, "BadRequest", message)


def _add_data_disks(
    world: World, vm_id: str, body: Mapping[str, Any], origin: Origin, image: ImageSource | None
) -> None:
    """The data disks of the request, and those that only the image has: Azure creates them too."""
    given: list[dict[str, Any]] = [*body["properties"]["storageProfile"].get("dataDisks", [])]
    of_image = {} if image is None else {disk.lun: disk for disk in image.data_disks}
    named = {entry["lun"] for entry in given}
    given += [{"lun": lun, "createOption": "FromImage"} for lun in of_image if lun not in named]
    shown: list[dict[str, Any]] = []
    for entry in given:
        lun, option = entry["lun"], entry["createOption"]
        generated = f"lun_{lun}_{_suffix(vm_id, lun)}"
        if option == "Attach":
            disk = attached_disk(world, vm_id, body, entry, "dataDisk")
            origin.attached.append(disk)
        elif option == "Empty" and "diskSizeGB" in entry:
            properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": entry["diskSizeGB"]}
            disk = _fresh_disk(world, vm_id, body, entry, generated, properties, None)
            origin.fresh.append(disk)
        elif option == "FromImage" and lun in of_image:
            properties = {"creationData": {"createOption": "FromImage"}, "diskSizeGB": of_image[lun].size_gb}
            disk = _fresh_disk(world, vm_id, body, entry, generated, properties, of_image[lun].content)
            origin.fresh.append(disk)
        else:
            message = f"The value '{option}' of parameter 'dataDisk.createOption' is not allowed, or lacks its source."
            raise invalid_parameter("dataDisk.createOption", message)
        shown.append({"lun": lun, **_entry(entry, disk)})
    origin.storage["dataDisks"] = shown


def _suffix(vm_id: str, what: object) -> str:
    return hashlib.sha256(f"{vm_id.lower()}|{what}".encode()).hexdigest()[:32]


def _entry(given: Mapping[str, Any], disk: Resource) -> dict[str, Any]:
    managed = {"storageAccountType": (disk.sku or {})["name"], "id": disk.id}
    if (set_id := disk.properties.get("encryption", {}).get("diskEncryptionSetId")) is not None:
        managed["diskEncryptionSet"] = {"id": set_id}
    defaults = {"caching": "None", "deleteOption": "Detach"}
    shown = {**defaults, **given, "name": disk.name, "managedDisk": managed}
    return {**shown, "diskSizeGB": disk.properties["diskSizeGB"]}


def _fresh_disk(
    world: World, vm_id: str, body: Mapping[str, Any], entry: Mapping[str, Any], generated: str,
    properties: dict[str, Any], content: DiskContent | None,
) -> Resource:  # fmt: skip
    """A disk that is created with the VM; it has none of the VM's tags."""
    group_id, vm_name = vm_id.split("/providers/")[0], vm_id.rsplit("/", 1)[1]
    name = entry.get("name", f"{vm_name}_{generated}")
    disk_id = f"{group_id}/providers/{DISKS}/{name}"
    known = world.store.get(disk_id)
    if known is not None:
        owner = f" and is attached to VM {known.owners[0]}" if known.owners else ""
        message = (
            f"A disk with name {name} already exists in Resource Group {known.group}{owner}. 'Name' is an optional "
            "property for a disk and a unique name will be generated if not provided."
        )
        raise ArmError(409, "ConflictingUserInput", message)
    managed = entry.get("managedDisk", {})
    set_id = managed.get("diskEncryptionSet", {}).get("id")
    encryption: dict[str, Any] = {"type": "EncryptionAtRestWithPlatformKey"}
    if set_id is not None:
        check_encryption_set(world, set_id, body["location"], vm_id)
        encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": set_id}
    disk = world.store.new(
        disk_id, DISKS, body["location"], sku={"name": managed.get("storageAccountType", "Standard_LRS")}
    )
    disk.zones, disk.content = tuple(body.get("zones", ())), content
    common = {"encryption": encryption, "networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}
    common |= {"timeCreated": disk.created.isoformat()}
    disk.properties = {**common, **properties}
    return disk
