"""What the extensions on a VM mean: it is protected, or something was installed that must not get into an image."""

from collections.abc import Iterable, Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import VmExtension, VmState
from contracts.message import Message

_PROTECTION = "microsoft.azure.recoveryservices"
"""The publishers of Azure Backup (VMSnapshot, VMSnapshotLinux, WorkloadBackup) and of Site Recovery begin with it."""
_RUN_COMMAND = "microsoft.cplat.core/runcommand"
"""What carries Run Command itself: this app's own scripts come by it, and deprovisioning removes what it stores."""
_SUCCEEDED = "succeeded"
_FAILED = frozenset({"failed", "canceled"})


class Sorted(Message):
    """The extensions on a clone. `busy` will still change; `unwanted` says of each of the others why it stays."""

    busy: tuple[str, ...] = ()
    removable: tuple[VmExtension, ...] = ()
    unwanted: tuple[str, ...] = ()


def protected(vm: VmState) -> Iterator[Refusal]:
    """Return a refusal for each extension by which Azure Backup or Site Recovery protects the VM."""
    for extension in vm.extensions:
        if extension.publisher.lower().startswith(_PROTECTION):
            message = f"the VM has the extension {extension.name} ({extension.kind})"
            yield Refusal.of(RefusalCode.PROTECTED, message)


def sort_extensions(extensions: Iterable[VmExtension], removable: Iterable[str]) -> Sorted:
    """Sort the extensions on a clone by what to do with them; `removable`: GOLDEN_REMOVABLE_EXTENSIONS.

    One that failed may have left half of itself in the VM, whatever the list says. A state that is not known counts as
    one that will still change.
    """
    busy: list[str] = []
    unwanted: list[str] = []
    listed: list[VmExtension] = []
    for extension in installed(extensions):
        state = extension.provisioning_state.lower()
        if state in _FAILED:
            unwanted.append(f"{_name(extension)} failed: provisioning state {extension.provisioning_state}")
        elif state != _SUCCEEDED:
            busy.append(f"{_name(extension)}: provisioning state {extension.provisioning_state or 'unknown'}")
        elif is_listed(extension, removable):
            listed.append(extension)
        else:
            unwanted.append(f"{_name(extension)} is not in GOLDEN_REMOVABLE_EXTENSIONS")
    return Sorted(busy=tuple(busy), removable=tuple(listed), unwanted=tuple(unwanted))


def installed(extensions: Iterable[VmExtension]) -> tuple[VmExtension, ...]:
    """Return the extensions without those that carry Run Command."""
    return tuple(each for each in extensions if not each.kind.lower().startswith(_RUN_COMMAND))


def is_listed(extension: VmExtension, removable: Iterable[str]) -> bool:
    """Return whether an extension may be removed: publisher and type as in the list, in any case."""
    return extension.kind.lower() in {entry.lower() for entry in removable}


def why_not_removed(found: VmExtension, asked: VmExtension, removable: Iterable[str]) -> str | None:
    """Return why an extension on the VM is not the one to be removed, or may not be; None: remove it."""
    if found.kind.lower() != asked.kind.lower():
        return f"{_name(found)} has taken the place of {asked.kind}"
    return None if is_listed(found, removable) else f"{_name(found)} is not in GOLDEN_REMOVABLE_EXTENSIONS any more"


def _name(extension: VmExtension) -> str:
    return f"{extension.name} ({extension.kind})"
