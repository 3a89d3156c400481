"""VM sizes: their cores, their Hyper-V generations, and the core quota of a region."""

import re

from emulators.arm.errors import ArmError, invalid_parameter, not_allowed
from emulators.arm.state.regions import region_key
from emulators.arm.state.world import World

_SIZE = re.compile(r"(Standard|Basic)_([A-Z]{1,3})(\d{1,3})(-\d{1,3})?[a-z]*(_[A-Z0-9]+)?(_v(\d))?")
#: Older families that boot only generation 1.
_FIRST_ONLY = re.compile(r"Basic_.*|Standard_A\d.*|Standard_D\d+(_v2)?")


def cores_of(size: str) -> int:
    """The cores of a size, from its name. Raises 400 when there is no such size."""
    found = _SIZE.fullmatch(size)
    if found is None:
        message = f"The value {size} provided for the VM size is not valid."
        raise invalid_parameter("vmSize", message)
    return int(found[3])


def cores_used(world: World, location: str) -> int:
    """Cores of every VM in a region, including deallocated ones, which also use quota."""
    vms = [vm for vm in world.vms.values() if region_key(vm.spec.location) == region_key(location)]
    return sum(cores_of(vm.spec.vm_size) for vm in vms)


def check_generation(size: str, generation: str) -> None:
    """Raises 400 when the size cannot boot a disk of this generation."""
    if generation == "V2" and _FIRST_ONLY.fullmatch(size):
        message = (
            f"The selected VM size '{size}' cannot boot Hypervisor Generation '2'. If this was a Create operation "
            "please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the "
            "selected VM Size."
        )
        raise ArmError(400, "BadRequest", message)


def check_quota(location: str, limit: int | None, used: int, wanted: int) -> None:
    """Raises 409 when the region's core quota would be exceeded. None means no quota."""
    if limit is not None and used + wanted > limit:
        raise not_allowed(
            "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. "
            f"Additional details - Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, "
            f"Current Usage: {used}, Additional Required: {wanted}, (Minimum) New Limit Required: {used + wanted}."
        )
