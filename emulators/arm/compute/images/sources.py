"""The source of an image version or a managed image: a VM, a disk, a snapshot, an image or a version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emulators.arm.compute.disks.views import content_of
from emulators.arm.compute.images.errors import bad_source_kind, source_not_found, unsupported_source
from emulators.arm.errors import concurrent_request
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import DataDiskSource, Resource
from emulators.arm.state.world import World

if TYPE_CHECKING:
    from emulators.arm.guests.model import DiskContent

_PROVIDER = "/providers/microsoft.compute/"


@dataclass(frozen=True)
class Source:
    """A source, read when the request arrived; `exists` returns whether it still exists.

    `os_state` is None for a disk. `security_type` is None for a standard source.
    """

    id: str
    content: "DiskContent"
    os_type: str
    os_state: str | None
    generation: str
    security_type: str | None
    location: str
    size_gb: int
    caching: str
    exists: Callable[[], bool]
    data_disks: tuple[DataDiskSource, ...] = ()
    data_caching: tuple[str, ...] = ()
    plan: Mapping[str, str] | None = None
    #: Disk controllers of the source (`SCSI`, `NVMe`); empty when nothing is known of them.
    controllers: tuple[str, ...] = ()


def source_kind(source_id: str) -> str:
    """The type in an id, in lower case and without its namespace: `virtualmachines`, `galleries/images/versions`."""
    _, found, rest = source_id.lower().rstrip("/").partition(_PROVIDER)
    return "/".join(rest.split("/")[::2]) if found else ""


def find_source(world: World, source_id: str, location: str) -> Source:
    """The source with this id in this region. Raises the errors of the gallery service."""
    kind = source_kind(source_id)
    if kind == "virtualmachines":
        source = _of_vm(world, source_id)
    elif kind in ("disks", "snapshots"):
        source = _of_disk(world, source_id)
    elif kind in ("images", "galleries/images/versions"):
        source = _of_image(world, source_id, location)
    else:
        raise bad_source_kind(source_id, "either be a managed image, virtual machine or another gallery image version")
    if source is None or region_key(source.location) != region_key(location):
        raise source_not_found(source_id)
    return source


def _of_vm(world: World, source_id: str) -> Source | None:
    vm = world.vms.get(source_id.lower().rstrip("/"))
    if vm is None or vm.deleting:
        return None
    spec = vm.spec
    if spec.ephemeral_os_disk:
        raise unsupported_source(source_id, "an ephemeral OS disk")
    storage = vm.model.storage
    for disk in (storage["osDisk"], *storage["dataDisks"]):
        if disk["managedDisk"].get("storageAccountType") == "UltraSSD_LRS":
            raise unsupported_source(
                source_id, f"disk ['{disk['managedDisk']['id']}'] stored in an UltraSSD account type"
            )
    return Source(
        id=source_id,
        content=vm.guest.freeze(),
        os_type=spec.os,
        os_state="Generalized" if vm.generalized else "Specialized",
        generation=spec.hyper_v_generation,
        security_type=spec.security_type,
        location=spec.location,
        size_gb=storage["osDisk"]["diskSizeGB"],
        caching=storage["osDisk"]["caching"],
        exists=lambda: world.vms.get(vm.id.lower()) is vm and not vm.deleting,
        data_disks=tuple(
            DataDiskSource(disk["lun"], disk["diskSizeGB"], _content(world, disk["managedDisk"]["id"]))
            for disk in storage["dataDisks"]
        ),
        data_caching=tuple(disk["caching"] for disk in storage["dataDisks"]),
        plan=spec.plan,
    )


def _content(world: World, disk_id: str) -> "DiskContent | None":
    disk = world.store.get(disk_id)
    return None if disk is None else content_of(world, disk)


def _of_disk(world: World, source_id: str) -> Source | None:
    disk = world.store.get(source_id)
    if disk is None or disk.deleting:
        return None
    if disk.provisioning_state != "Succeeded":
        raise concurrent_request()
    content = content_of(world, disk)
    if content is None:
        raise bad_source_kind(source_id, "be a managed disk or snapshot with an operating system")
    shown = disk.properties
    security = shown.get("securityProfile", {}).get("securityType", "Standard")
    return Source(
        id=source_id,
        content=content,
        os_type=shown.get("osType", content.system),
        os_state=None,
        generation=shown.get("hyperVGeneration", "V1"),
        security_type=None if security == "Standard" else security.partition("_")[0],
        location=disk.location,
        size_gb=shown.get("diskSizeGB", 30),
        caching="ReadWrite",
        exists=_still_there(world, disk),
        plan=shown.get("purchasePlan"),
    )


def _of_image(world: World, source_id: str, location: str) -> Source | None:
    image, held = world.image_source(source_id), world.store.get(source_id)
    if image is None or held is None or region_key(location) not in image.regions:
        return None
    return Source(
        id=source_id,
        content=image.content,
        os_type=image.os_type,
        os_state=image.os_state,
        generation=image.generation,
        security_type=image.security_type,
        location=location,
        size_gb=image.size_gb,
        caching="ReadWrite",
        exists=_still_there(world, held),
        data_disks=image.data_disks,
        data_caching=("None",) * len(image.data_disks),
        plan=image.plan,
        controllers=image.controllers,
    )


def with_data_disks(world: World, source: Source, disks: Mapping[int, str]) -> Source:
    """The source with separate data disks, by lun. Raises the errors of the gallery service."""
    found: list[DataDiskSource] = []
    for lun, disk_id in disks.items():
        disk = world.store.get(disk_id)
        if disk is None or disk.deleting or region_key(disk.location) != region_key(source.location):
            raise source_not_found(disk_id)
        found.append(DataDiskSource(lun, disk.properties.get("diskSizeGB", 0), content_of(world, disk)))
    return replace(source, data_disks=tuple(found), data_caching=("None",) * len(found))


def _still_there(world: World, held: Resource) -> Callable[[], bool]:
    return lambda: world.store.get(held.id) is held and not held.deleting
