"""Which ARM actions a run needs, and whether the permissions that were read grant them."""

from collections.abc import Iterable

from contracts.facts import Permission
from contracts.image_options import GalleryImageVersion
from contracts.request import EvidenceLevel, Mode, Target

_COMPUTE = "Microsoft.Compute/virtualMachines"
_GALLERY = "Microsoft.Compute/galleries"
_VERBS = ("read", "write", "delete")
_NETWORK = ("networkInterfaces", "networkSecurityGroups")
_COPY = ("Microsoft.Compute/disks/read", "Microsoft.Compute/disks/beginGetAccess/action")
"""On a disk of which a snapshot is created (Azure refuses it without beginGetAccess)."""
_TEMPORARY_VM = (
    *(f"{_COMPUTE}/{verb}" for verb in _VERBS),
    *(f"Microsoft.Network/{kind}/{verb}" for kind in _NETWORK for verb in (*_VERBS, "join/action")),
)
_REMOVE_EXTENSION = f"{_COMPUTE}/extensions/delete"
"""On a clone on which a policy installed an agent."""
_JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"


READ_RIGHTS_AND_LOCKS = ("Microsoft.Authorization/permissions/read", "Microsoft.Authorization/locks/read")
"""Needed at every scope that a run works in: a run is refused if permissions or locks cannot be read."""
READ_GALLERY = "Microsoft.Compute/galleries/read"
"""A gallery says whether it keeps deleted versions."""
READ_RECYCLE_BIN = "Microsoft.Compute/galleries/*/read"
"""Microsoft's list of actions has none for the recycle bin, and a role with one that is not in the list is rejected."""
READ_DENY_ASSIGNMENTS = "Microsoft.Authorization/denyAssignments/read"
CHECK_POLICIES = "Microsoft.PolicyInsights/checkPolicyRestrictions/read"
"""Needed on every resource group in which a run creates something."""
READ_DISKS = "Microsoft.Compute/disks/read"
READ_NETWORK = "Microsoft.Network/virtualNetworks/read"
READ_CAPACITY = ("Microsoft.Compute/skus/read", "Microsoft.Compute/locations/usages/read")
"""Needed on the subscription of temporary VMs: a run that creates one is refused if they cannot be read."""
READ_ENCRYPTION_SET = "Microsoft.Compute/diskEncryptionSets/read"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - an action's name, no secret
"""A data action of Key Vault."""


def _all(kind: str) -> tuple[str, ...]:
    return tuple(f"Microsoft.Compute/{kind}/{verb}" for verb in _VERBS)


def needed_actions(target: Target, *, linux: bool) -> tuple[str, ...]:
    """Return the ARM actions that generalizing this target in place uses on the VM."""
    actions = [
        f"{_COMPUTE}/read",
        f"{_COMPUTE}/runCommands/read",
        f"{_COMPUTE}/runCommands/write",
        f"{_COMPUTE}/runCommands/delete",
        f"{_COMPUTE}/deallocate/action",
        f"{_COMPUTE}/generalize/action",
    ]
    if linux and target.deprovision.evidence is EvidenceLevel.GUEST_REPORTED:
        actions.append(f"{_COMPUTE}/retrieveBootDiagnosticsData/action")
    if target.mode is Mode.IN_PLACE and isinstance(target.image, GalleryImageVersion):
        # Azure requires it on the VM from which an image version is created, although it only reads the VM.
        actions.append(f"{_COMPUTE}/write")
    return tuple(actions)


def needed_for_gallery() -> tuple[str, ...]:
    """Return the ARM actions that publishing a version uses on the image definition; a failed version is deleted."""
    return (f"{_GALLERY}/images/read", *(f"{_GALLERY}/images/versions/{verb}" for verb in _VERBS))


def needed_for_managed_image() -> tuple[str, ...]:
    """Return the ARM actions that creating a managed image uses in its group; a failed image is deleted."""
    return _all("images")


def needed_for_customize(target: Target) -> tuple[str, ...]:
    """Return the ARM actions that running this target's customizers uses on the clone."""
    if not target.customize:
        return ()
    actions = [f"{_COMPUTE}/read", *(f"{_COMPUTE}/runCommands/{verb}" for verb in ("read", "write", "delete"))]
    if any(use.reboot for use in target.customize):
        actions.append(f"{_COMPUTE}/restart/action")
    return tuple(actions)


def needed_for_clone(target: Target, *, linux: bool = True, deprovisioned: bool = True) -> dict[str, tuple[str, ...]]:
    """Return the ARM actions that cloning this target and working on the clone use, by scope.

    "vm" is the source VM (and its disks, whose permissions come from the same group), "group" the resource group of the
    temporary resources, "subnet" the subnet of the clone. A clone that is not `deprovisioned` stays specialized. The
    read permission on a disk encryption set is not checked: the set may be in any group, and without the permission
    Azure rejects the disk.
    """
    copying = (*_all("disks"), *_all("snapshots"), "Microsoft.Compute/snapshots/beginGetAccess/action")
    deprovisioning = needed_actions(target, linux=linux) if deprovisioned else (f"{_COMPUTE}/deallocate/action",)
    group = (*copying, *_TEMPORARY_VM, _REMOVE_EXTENSION, *needed_for_customize(target), *deprovisioning)
    return {
        "vm": (f"{_COMPUTE}/read", f"{_COMPUTE}/runCommands/read", *_COPY),
        "group": tuple(dict.fromkeys(group)),
        "subnet": (_JOIN_SUBNET,),
    }


def needed_for_validation() -> dict[str, tuple[str, ...]]:
    """Return the ARM actions that validating the image with a temporary VM uses, by scope (group, subnet)."""
    run_commands = (f"{_COMPUTE}/runCommands/{verb}" for verb in _VERBS)
    return {"group": (*_all("disks"), *_TEMPORARY_VM, *run_commands), "subnet": (_JOIN_SUBNET,)}


def needed_for_rollback() -> dict[str, tuple[str, ...]]:
    """Return the ARM actions that the rollback snapshot of a VM uses, by scope.

    "disk" is the VM's OS disk; they are checked against the permissions on the VM, which include those inherited from
    its group. "group" is the resource group of the snapshot.
    """
    return {"disk": _COPY, "group": _all("snapshots")}


def needed_on_source(target: Target, *, linux: bool = True) -> tuple[str, ...]:
    """Return all ARM actions that a run of this target uses on the source VM and its disks.

    It is what a production group must grant, if every temporary resource and the rollback snapshot have a place of
    their own. What an image needs at its own place is not part of it.
    """
    if target.mode is Mode.CLONE:
        return (READ_RIGHTS_AND_LOCKS[0], READ_DENY_ASSIGNMENTS, *needed_for_clone(target, linux=linux)["vm"])
    disks = needed_for_rollback()["disk"] if target.rollback_snapshot else ()
    shape = (READ_DISKS,) if target.image is not None else ()
    governed = (*READ_RIGHTS_AND_LOCKS, READ_DENY_ASSIGNMENTS, CHECK_POLICIES)
    actions = (*governed, *needed_actions(target, linux=linux), *disks, *shape)
    return tuple(dict.fromkeys(actions))


def needed_for_retention() -> tuple[str, ...]:
    """Return the ARM actions that deleting older versions uses on the image definition."""
    return tuple(f"{_GALLERY}/images/versions/{verb}" for verb in ("read", "delete"))


def needed_to_see_uses() -> tuple[str, ...]:
    """Return the ARM actions needed on an entire subscription to find out which versions are in use there.

    Without them no version is deleted: Azure does not list resources that may not be read, so a version in use would
    look unused.
    """
    return (f"{_COMPUTE}/read", "Microsoft.Compute/virtualMachineScaleSets/read")


def needed_for_cleanup(*, subscription: bool) -> tuple[str, ...]:
    """Return the ARM actions that a cleanup uses in an allowed scope, a subscription or a resource group.

    If some are missing, the resources concerned are kept and reported; runs do not need these actions.
    """
    level = "subscriptions" if subscription else "subscriptions/resourceGroups"
    disks = [f"Microsoft.Compute/{kind}/{verb}" for kind in ("disks", "snapshots") for verb in ("read", "delete")]
    network = [f"Microsoft.Network/{kind}/{verb}" for kind in _NETWORK for verb in ("read", "delete")]
    vms = [f"{_COMPUTE}/{verb}" for verb in ("read", "delete", "deallocate/action", "runCommands/read")]
    return (f"Microsoft.Resources/{level}/resources/read", *vms, *network, *disks)


def needed_for_cleanup_on_source() -> tuple[str, ...]:
    """Return the ARM actions that a cleanup uses in a group of source VMs, where no run creates anything.

    It lists what is there, and deallocates a VM that stopped after its run had ended.
    """
    listing = needed_for_cleanup(subscription=False)[0]
    return (listing, *(f"{_COMPUTE}/{verb}" for verb in ("read", "deallocate/action", "runCommands/read")))


def missing_actions(permissions: Iterable[Permission], needed: Iterable[str]) -> tuple[str, ...]:
    """Return the needed actions that no entry grants.

    An entry grants what its actions match and its notActions do not match. Another entry may still grant an action:
    Azure role assignments are additive (Azure RBAC, "NotActions").
    """
    entries = tuple(permissions)
    return tuple(action for action in needed if not any(_grants(entry, action) for entry in entries))


def _grants(entry: Permission, action: str) -> bool:
    return any(_matches(p, action) for p in entry.actions) and not any(_matches(p, action) for p in entry.not_actions)


def _matches(pattern: str, action: str) -> bool:
    """Match a pattern with any number of "*", in any case; each part is taken where it is found first."""
    first, *parts = pattern.lower().split("*")
    action = action.lower()
    if not parts:
        return action == first
    *middle, last = parts
    at, end = len(first), len(action) - len(last)
    if at > end or not action.startswith(first) or not action.endswith(last):
        return False
    for part in middle:
        found = action.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
