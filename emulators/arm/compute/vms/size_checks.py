"""Whether a size can run what is asked of it: the generation, the security type and the disks of a new VM."""

from emulators.arm.compute.sizes.table import Size
from emulators.arm.compute.vms.source import Origin
from emulators.arm.errors import ArmError, invalid_parameter, not_allowed

_PREMIUM = ("Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS")


def check_size(size: Size, origin: Origin, security: str) -> None:
    """Raises 400 or 409 when the size does not suit the source or the disks of the new VM."""
    if origin.generation not in size.series.generations:
        raise ArmError(400, "BadRequest", _wrong_generation(size.name, origin.generation))
    if security == "TrustedLaunch" and not size.series.trusted_launch:
        raise ArmError(400, "BadRequest", _wrong_security(size.name, security))
    if security == "ConfidentialVM" and size.series.confidential is None:
        raise ArmError(400, "BadRequest", _wrong_security(size.name, security))
    _check_disks(size, origin)


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
