"""The preflight checks of an image against the VM: does it fit the image definition, or a managed image?"""

from collections.abc import Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageDefinition, OsType, Plan, VmShape
from contracts.request import Mode

_TRUSTED = "trustedlaunch"
_NEEDS_SECURITY = frozenset({_TRUSTED, "confidentialvm"})
_STANDARD = frozenset({"", "standard"})
_TAKES_NO_VM = "supported"
"""The end of the security types whose versions Azure creates from no VM: TrustedLaunchSupported and others."""
_NVME, _ARM64 = "nvme", "arm64"
_NEVER_IN_AN_IMAGE = frozenset({"ultrassd_lrs", "premiumv2_lrs"})
_LEAVE_THE_DISK_OUT = (
    'Set mode to "clone" and dataDisks to "exclude": an image of the VM itself contains all its disks, and Azure '
    "takes none of this kind into an image."
)


def check_definition(definition: ImageDefinition, shape: VmShape, os_type: OsType | None) -> Iterator[Refusal]:
    """Return every reason why no version of the definition could be created from this VM, or used later."""
    for misfit in _misfits(definition, shape, os_type):
        yield Refusal.of(RefusalCode.DEFINITION_UNFIT, misfit)
    yield from _security(definition, shape)
    yield from _plans(definition, shape)
    yield from _disk_controllers(definition, shape)


def check_managed_image(mode: Mode, shape: VmShape) -> Iterator[Refusal]:
    """Return every reason why a managed image cannot be created from this VM, or not be used later.

    Microsoft: "Create a legacy managed image" (Arm64, Trusted Launch and confidential VMs only in a gallery), and
    "Hibernation" (not supported with managed images; a clone has none).
    """
    if (shape.security_type or "").lower() not in _STANDARD:
        message = f"the VM's security type is {shape.security_type}; a managed image supports only Standard"
        yield Refusal.of(RefusalCode.IMAGE_UNFIT, message)
    if (shape.architecture or "").lower() == _ARM64:
        yield Refusal.of(RefusalCode.IMAGE_UNFIT, "the VM is Arm64; a managed image supports only x64")
    if (shape.disk_controller or "").lower() == _NVME:
        message = "the VM's disk controller is NVMe; no VM with NVMe can be created from a managed image"
        yield Refusal.of(RefusalCode.IMAGE_UNFIT, message)
    if shape.hibernation_enabled and mode is Mode.IN_PLACE:
        message = "hibernation is enabled for the VM; Azure does not support it with managed images"
        yield Refusal.of(RefusalCode.IMAGE_UNFIT, message)


def check_disks_in_place(shape: VmShape) -> Iterator[Refusal]:
    """Return a refusal for each data disk of a kind that Azure takes into no image; a clone leaves it out."""
    for disk in shape.data_disks:
        kinds = [disk.sku] if disk.sku.lower() in _NEVER_IN_AN_IMAGE else []
        kinds += ["shared"] if disk.max_shares > 1 else []
        if kinds:
            message = f"data disk {disk.id.rsplit('/', 1)[-1]} at LUN {disk.lun}: {', '.join(kinds)}"
            code = RefusalCode.DISK_CANNOT_BE_COPIED
            yield Refusal(code=code, message=message, remediation=_LEAVE_THE_DISK_OUT)


def hibernation_note(definition: ImageDefinition | None, shape: VmShape) -> str | None:
    """Return what to say of a VM that may hibernate, in a definition whose VMs may not; nothing fails because of it."""
    if definition is None or definition.hibernation or not shape.hibernation_enabled:
        return None
    return (
        "hibernation is enabled for the VM, but the image definition lacks the feature IsHibernateSupported: VMs "
        "created from the image cannot hibernate"
    )


def _misfits(definition: ImageDefinition, shape: VmShape, os_type: OsType | None) -> Iterator[str]:
    if definition.os_type is not os_type:
        yield f"the definition is for {definition.os_type}, the VM runs {os_type or 'an unknown operating system'}"
    if definition.generation.upper() != shape.generation.upper():
        yield f"the definition is of generation {definition.generation}, the VM of {shape.generation}"
    has = shape.architecture
    if has is not None and has.lower() != definition.architecture.lower():
        yield f"the definition is for {definition.architecture}, the VM for {has}"


def _security(definition: ImageDefinition, shape: VmShape) -> Iterator[Refusal]:
    asked, has = definition.security_type or "Standard", shape.security_type or "Standard"
    if asked.lower().endswith(_TAKES_NO_VM):
        message = f"the definition's security type is {asked}: Azure creates no version of it from a VM"
        yield Refusal.of(RefusalCode.DEFINITION_TAKES_NO_VM, message)
    elif not _security_fits(asked.lower(), has.lower()):
        message = f"the definition's security type is {asked}, the VM's {has}"
        yield Refusal.of(RefusalCode.DEFINITION_UNFIT, message)


def _security_fits(asked: str, source: str) -> bool:
    """Return whether a version of the definition may contain this VM; a confidential VM is never published."""
    if source in _STANDARD:
        return asked not in _NEEDS_SECURITY
    return source == asked == _TRUSTED


def _plans(definition: ImageDefinition, shape: VmShape) -> Iterator[Refusal]:
    """Compare the purchase plans: VMs are created from the image with the definition's plan, the disk has the VM's."""
    asked, has = _plan(definition.plan), _plan(shape.plan)
    if asked != has:
        message = f"the definition has {asked or 'no purchase plan'}, the VM has {has or 'none'}"
        yield Refusal.of(RefusalCode.PLAN_MISMATCH, message)


def _disk_controllers(definition: ImageDefinition, shape: VmShape) -> Iterator[Refusal]:
    allowed = {name.lower() for name in definition.disk_controllers}
    listed = ", ".join(definition.disk_controllers)
    if shape.disk_controller is not None and shape.disk_controller.lower() not in allowed:
        message = f"the definition is for the disk controllers {listed}, the VM uses {shape.disk_controller}"
        yield Refusal.of(RefusalCode.DISK_CONTROLLER_UNFIT, message)
        return
    disk = shape.os_disk.disk_controllers if shape.os_disk else ()
    if disk and not allowed & {name.lower() for name in disk}:
        message = f"the definition is for the disk controllers {listed}, the OS disk for {', '.join(disk)}"
        yield Refusal.of(RefusalCode.DISK_CONTROLLER_UNFIT, message)


def _plan(plan: Plan | None) -> str:
    return f"{plan.publisher}/{plan.product}/{plan.name}".lower() if plan is not None else ""
