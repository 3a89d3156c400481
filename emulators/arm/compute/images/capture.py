"""Managed images: requirements for the source VM, the stored properties, and images as sources of VMs."""

from typing import Any

from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import invalid_parameter, not_allowed
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import ImageResolver, ImageSource, Store

MANAGED_IMAGE = "Microsoft.Compute/images"


def check_vm(vm: Vm, location: str, generation: str) -> None:
    """Raises the compute provider's error for a VM that cannot be captured as this image."""
    spec = vm.spec
    if region_key(spec.location) != region_key(location):
        message = f"The source virtual machine '{vm.id}' is in '{spec.location}', the image in '{location}'."
        raise invalid_parameter("image.properties.sourceVirtualMachine.id", message)
    if not vm.generalized:
        message = f"The operation 'create image' requires the Virtual Machine '{vm.name}' to be Generalized."
        raise not_allowed(message)
    if spec.security_type is not None:
        message = f"The operation 'create image' is not supported for security type '{spec.security_type}'."
        raise not_allowed(message)
    if spec.ephemeral_os_disk:
        raise not_allowed("The operation 'create image' is not supported for a VM with an ephemeral OS disk.")
    if generation not in ("V1", "V2"):
        message = f"The value '{generation}' of parameter hyperVGeneration is not one of V1, V2."
        raise invalid_parameter("hyperVGeneration", message)
    if spec.hyper_v_generation != generation:
        message = (
            f"The hypervisor generation '{generation}' of the image differs from that of the source virtual machine "
            f"'{spec.hyper_v_generation}'."
        )
        raise invalid_parameter("hyperVGeneration", message)


def image_properties(vm: Vm, generation: str, zone_resilient: bool) -> dict[str, Any]:
    """The properties of an image: each disk of the VM, by its id."""
    storage = vm.model.storage
    os_disk = {"osType": vm.spec.os, "osState": "Generalized", **_disk(storage["osDisk"])}
    data_disks = [{"lun": disk["lun"], **_disk(disk)} for disk in storage["dataDisks"]]
    profile = {"osDisk": os_disk, "dataDisks": data_disks, "zoneResilient": zone_resilient}
    return {"sourceVirtualMachine": {"id": vm.id}, "storageProfile": profile, "hyperVGeneration": generation}


def _disk(shown: dict[str, Any]) -> dict[str, Any]:
    managed = shown["managedDisk"]
    kept: dict[str, Any] = {"managedDisk": {"id": managed["id"]}, "caching": shown["caching"]}
    return {**kept, "diskSizeGB": shown["diskSizeGB"], "storageAccountType": managed["storageAccountType"]}


def managed_images(store: Store) -> ImageResolver:
    """Their entry of `World.image_sources`."""

    def find(image_id: str) -> ImageSource | None:
        image = store.get(image_id)
        if image is None or image.kind != MANAGED_IMAGE or image.content is None:
            return None
        usable = image.provisioning_state == "Succeeded" and not image.deleting
        os_disk = image.properties["storageProfile"]["osDisk"]
        return ImageSource(
            content=image.content,
            os_type=os_disk["osType"],
            os_state="Generalized",
            generation=image.properties["hyperVGeneration"],
            security_type=None,
            regions=frozenset({region_key(image.location)}) if usable else frozenset(),
            data_disks=image.data_disks,
            size_gb=os_disk["diskSizeGB"],
        )

    return find
