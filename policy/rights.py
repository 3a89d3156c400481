"""Which ARM actions a story needs, and whether the permissions that were read grant them."""

import re
from collections.abc import Iterable
from functools import lru_cache

from contracts.facts import Permission
from contracts.request import EvidenceLevel, Mode, Target
from contracts.wishes import GalleryImageVersion

_COMPUTE = "Microsoft.Compute/virtualMachines"
_GALLERY = "Microsoft.Compute/galleries"
_VERBS = ("read", "write", "delete")
_NETWORK = ("networkInterfaces", "networkSecurityGroups")
_COPY = ("Microsoft.Compute/disks/read", "Microsoft.Compute/disks/beginGetAccess/action")
"""On a disk that is copied (a snapshot of it is refused without beginGetAccess)."""
_TEMPORARY_MACHINE = (
    *(f"{_COMPUTE}/{verb}" for verb in _VERBS),
    *(f"Microsoft.Network/{kind}/{verb}" for kind in _NETWORK for verb in (*_VERBS, "join/action")),
)
_JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"


LOOKING = ("Microsoft.Authorization/permissions/read", "Microsoft.Authorization/locks/read")
"""Wherever something will be done: what cannot be read is a refusal."""
READ_DISKS = "Microsoft.Compute/disks/read"
READ_NETWORK = "Microsoft.Network/virtualNetworks/read"
READ_ENCRYPTION_SET = "Microsoft.Compute/diskEncryptionSets/read"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - an action's name, no secret
"""Key Vault's own kind of right, a data action."""


def _all(kind: str) -> tuple[str, ...]:
    return tuple(f"Microsoft.Compute/{kind}/{verb}" for verb in _VERBS)


def needed_actions(target: Target, *, linux: bool) -> tuple[str, ...]:
    """Give every ARM action that the in-place story of this target will use on the machine."""
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
        # Azure asks for it on the machine that an image version is made from, although it only reads it.
        actions.append(f"{_COMPUTE}/write")
    return tuple(actions)


def needed_for_gallery() -> tuple[str, ...]:
    """Give every ARM action that publishing a version will use on the image definition; one that fails is deleted."""
    return (f"{_GALLERY}/images/read", *(f"{_GALLERY}/images/versions/{verb}" for verb in _VERBS))


def needed_for_managed_image() -> tuple[str, ...]:
    """Give every ARM action that making a managed image will use in its group; one that fails is deleted."""
    return _all("images")


def needed_for_prepare(target: Target) -> tuple[str, ...]:
    """Give every ARM action that running this target's scripts will use on the machine they run on."""
    if not target.prepare:
        return ()
    actions = [f"{_COMPUTE}/read", *(f"{_COMPUTE}/runCommands/{verb}" for verb in ("read", "write", "delete"))]
    if any(use.reboot for use in target.prepare):
        actions.append(f"{_COMPUTE}/restart/action")
    return tuple(actions)


def needed_for_clone(target: Target, *, linux: bool = True, sealed: bool = True) -> dict[str, tuple[str, ...]]:
    """Give every ARM action that cloning this target and working on the clone will use, by where it is needed.

    "machine" is the source (and its disks, whose rights come from the same group), "group" where the temporary things
    stand, "subnet" where the clone's interface joins. A clone that is not `sealed` stays specialized. A disk
    encryption set is not among them: it may lie in any group, and Azure itself refuses the disk without its read.
    """
    making = (*_all("disks"), *_all("snapshots"), "Microsoft.Compute/snapshots/beginGetAccess/action")
    sealing = needed_actions(target, linux=linux) if sealed else (f"{_COMPUTE}/deallocate/action",)
    group = (*making, *_TEMPORARY_MACHINE, *needed_for_prepare(target), *sealing)
    return {
        "machine": (f"{_COMPUTE}/read", f"{_COMPUTE}/runCommands/read", *_COPY),
        "group": tuple(dict.fromkeys(group)),
        "subnet": (_JOIN_SUBNET,),
    }


def needed_for_verification() -> dict[str, tuple[str, ...]]:
    """Give every ARM action that a machine made from the image will use, by where it is needed (group, subnet)."""
    asking = (f"{_COMPUTE}/runCommands/{verb}" for verb in _VERBS)
    return {"group": (*_all("disks"), *_TEMPORARY_MACHINE, *asking), "subnet": (_JOIN_SUBNET,)}


def needed_for_undo() -> tuple[str, ...]:
    """Give every ARM action that the undo snapshot of a machine in place will use, in the machine's own group.

    They are looked for among the rights on the machine, which hold those that come from its group.
    """
    return (*_COPY, *_all("snapshots"))


def needed_for_retention() -> tuple[str, ...]:
    """Give every ARM action that retiring older versions uses in the definition."""
    return tuple(f"{_GALLERY}/images/versions/{verb}" for verb in ("read", "delete"))


def needed_to_see_uses() -> tuple[str, ...]:
    """Give every ARM action that is needed on a whole subscription to see which versions are in use there.

    Without them nothing is retired: what may not be read is not shown, and would not be seen to be in use.
    """
    return (f"{_COMPUTE}/read", "Microsoft.Compute/virtualMachineScaleSets/read")


def needed_for_sweep(*, subscription: bool) -> tuple[str, ...]:
    """Give every ARM action that a sweep uses in an allowed scope, a subscription or a resource group.

    With too few of them things stay and are named; nothing else depends on it.
    """
    level = "subscriptions" if subscription else "subscriptions/resourceGroups"
    disks = [f"Microsoft.Compute/{kind}/{verb}" for kind in ("disks", "snapshots") for verb in ("read", "delete")]
    network = [f"Microsoft.Network/{kind}/{verb}" for kind in _NETWORK for verb in ("read", "delete")]
    machines = [f"{_COMPUTE}/{verb}" for verb in ("read", "delete", "deallocate/action", "runCommands/read")]
    return (f"Microsoft.Resources/{level}/resources/read", *machines, *network, *disks)


def missing_actions(permissions: Iterable[Permission], needed: Iterable[str]) -> tuple[str, ...]:
    """Give those of the needed actions that no entry grants.

    An entry grants what its actions match and its notActions do not; another entry may still grant it
    (Azure role assignments add up; source: Azure RBAC, "How NotActions work").
    """
    entries = tuple(permissions)
    return tuple(action for action in needed if not any(_grants(entry, action) for entry in entries))


def _grants(entry: Permission, action: str) -> bool:
    return any(_matches(p, action) for p in entry.actions) and not any(_matches(p, action) for p in entry.not_actions)


def _matches(pattern: str, action: str) -> bool:
    return _pattern(pattern).fullmatch(action) is not None


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
