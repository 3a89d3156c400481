"""Whether a size can run what is asked of it: the generation, the security type and the disks of a new VM."""

from collections.abc import Mapping

from emulators.arm.compute.disks.creation import ZONAL_SKUS
from emulators.arm.compute.sizes.table import Size
from emulators.arm.compute.vms.source import Origin
from emulators.arm.errors import ArmError, invalid_parameter, not_allowed

_PREMIUM = ("Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS")


def choose_controller(size: Size, given: str | None) -> str:
    """The disk controller of a new VM. Raises 400 for one that the size does not have."""
    if given is None:
        return size.series.controllers[0]
    if given not in size.series.controllers:
        shown = ", ".join(size.series.controllers)
        message = f"The VM size '{size.name}' does not support disk controller type '{given}', only {shown}."
        raise invalid_parameter("storageProfile.diskControllerType", message)
    return given


def check_size(size: Size, origin: Origin, security: str, controller: str) -> None:
    """Raises 400 or 409 when the size does not suit the source or the disks of the new VM."""
    if origin.architecture != size.series.architecture:
        message = (
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU Architecture of "
            f"'{size.series.architecture}', but an image or disk with CPU Architecture '{origin.architecture}' was "
            "given. Please check that the CPU Architecture of the image or disk is compatible with that of the VM size."
        )
        raise ArmError(400, "BadRequest", message)
    if origin.generation not in size.series.generations:
        raise ArmError(400, "BadRequest", _wrong_generation(size.name, origin.generation))
    if security == "TrustedLaunch" and not size.series.trusted_launch:
        raise ArmError(400, "BadRequest", _wrong_security(size.name, security))
    if security == "ConfidentialVM" and size.series.confidential is None:
        raise ArmError(400, "BadRequest", _wrong_security(size.name, security))
    if controller not in origin.controllers:
        message = (
            f"The VM size '{size.name}' cannot boot with OS image or disk. Please check that disk controller types "
            "supported by the OS image or disk is one of the supported disk controller types for the VM size "
            f"'{size.name}'. Please query sku api at https://aka.ms/azure-compute-skus  to determine supported disk "
            "controller types for the VM size."
        )
        raise invalid_parameter("vmSize", message)
    _check_disks(size, origin)


def check_zonal_disks(origin: Origin, zones: tuple[str, ...], given: Mapping[str, bool]) -> None:
    """Raises 400 for an Ultra disk or a Premium SSD v2 as an OS disk, with caching, or on a VM that cannot have it."""
    for number, entry in enumerate((origin.storage["osDisk"], *origin.storage["dataDisks"])):
        sku = entry["managedDisk"]["storageAccountType"]
        if sku not in ZONAL_SKUS:
            continue
        what = f"Disk '{entry['name']}' of type {sku}"
        if number == 0:
            raise invalid_parameter("osDisk.managedDisk.storageAccountType", f"{what} can only be a data disk.")
        if entry.get("caching", "None") != "None":
            raise invalid_parameter("dataDisk.caching", f"{what} does not support host caching.")
        if not zones:
            raise invalid_parameter("zones", f"{what} can be attached only to a VM in an availability zone.")
        if sku == "UltraSSD_LRS" and not given.get("ultraSSDEnabled"):
            message = (
                "StorageAccountType UltraSSD_LRS can be used only when additionalCapabilities.ultraSSDEnabled is set."
            )
            raise invalid_parameter("managedDisk.storageAccountType", message)


def check_capabilities(size: Size, origin: Origin, given: Mapping[str, bool]) -> None:
    """Raises 400 when hibernation is asked for and the size or the OS disk does not support it."""
    if not given.get("hibernationEnabled"):
        return
    if not size.hibernation:
        message = f"The VM size '{size.name}' is not supported for creation of VMs with hibernation enabled."
        raise ArmError(400, "BadRequest", message)
    if not origin.supports_hibernation:
        message = "Hibernation can be enabled only on a VM whose OS disk supports hibernation."
        raise ArmError(400, "BadRequest", message)


def _check_disks(size: Size, origin: Origin) -> None:
    entries = [origin.storage["osDisk"], *origin.storage["dataDisks"]]
    for entry in entries:
        sku = entry["managedDisk"]["storageAccountType"]
        if sku in _PREMIUM and not size.series.premium:
            message = (
                f"Requested operation cannot be performed because the VM size {size.name} does not support the storage "
                f"account type {sku} of disk '{entry['name']}'. Consider updating the VM to a size that supports "
                "Premium storage."
            )
            raise invalid_parameter("osDisk.managedDisk.storageAccountType", message)
    if len(entries) - 1 > size.data_disks:
        message = f"The maximum number of data disks allowed to be attached to a VM of this size is {size.data_disks}."
        raise not_allowed(message)


def _wrong_generation(size: str, generation: str) -> str:
    return (
        f"The selected VM size '{size}' cannot boot Hypervisor Generation '{generation[1:]}'. If this was a Create "
        "operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the "
        "selected VM Size. If this was an Update operation please select a Hypervisor Generation "
        f"'{generation[1:]}' VM Size. For more information, see https://aka.ms/azuregen2vm"
    )


def _wrong_security(size: str, security: str) -> str:
    return (
        f"The VM size '{size}' is not supported for creation of VMs and Virtual Machine Scale Set with '{security}' "
        "security type."
    )
