"""The table of RBAC actions by option, and of options by action, as Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.request import Target
from policy.rights import (
    CHECK_POLICIES,
    GET_SECRET,
    READ_CAPACITY,
    READ_DENY_ASSIGNMENTS,
    READ_DISKS,
    READ_ENCRYPTION_SET,
    READ_GALLERY,
    READ_NETWORK,
    READ_RECYCLE_BIN,
    READ_RIGHTS_AND_LOCKS,
    needed_actions,
    needed_for_cleanup,
    needed_for_cleanup_on_source,
    needed_for_clone,
    needed_for_customize,
    needed_for_gallery,
    needed_for_managed_image,
    needed_for_retention,
    needed_for_rollback,
    needed_for_validation,
    needed_on_source,
    needed_to_see_uses,
)

_HEAD = """# Rights

`make docs` generates this page from `policy/rights.py`. Change it there.

[infra/role.json](../infra/role.json) is the custom role for all options. If you use fewer options, you can remove
actions from it: a run that lacks an action is refused before anything is changed, and the refusal names the action.
There are two exceptions. The read on a disk encryption set is checked only by Azure, when it creates the disk. Without
the actions for retention and cleanup, resources stay, and the result says so.

Assign the role on the resource groups concerned, not on the subscription. Whole subscriptions are read only for the
sizes and quotas of temporary VMs, and for retention.

In the column "Where", "group" is the resource group of the temporary VMs: that of the VM's place in
`GOLDEN_BUILD_PLACES`, or the one that the request names.
"""
_BY_ACTION = """
## By action

| Action | Options |
|---|---|
"""
PRODUCTION_CLEANUP = "cleanup, unless `GOLDEN_CLEANUP_MODE` is `off`"
_PRODUCTION = """
## What a production group still needs

With a place in `GOLDEN_BUILD_PLACES` for the VM's subscription and region, everything that a run creates is created
there: temporary VMs, their disks and networks, and the rollback snapshot. The resource group of the VM itself then
needs these actions and no others; a test runs with exactly them. Without a place, a rollback snapshot is created in the
VM's own group, which then needs the actions of the snapshot's resource group too.

| Run | Actions on the VM's resource group |
|---|---|
"""
_NOTES = """
## Notes

- `getSecret/action` is a data action: grant it on the secret, for example with the role Key Vault Secrets User.
- Azure requires `virtualMachines/write` on the VM that an image version is created from, although it only reads the VM.
- Azure requires `beginGetAccess/action` on a disk or snapshot that is copied.
- `retrieveBootDiagnosticsData/action` is needed for Linux only, and not with evidence `powerStateOnly`.
- For a clone the app also asks for the VM's locks, and does without them: a clone changes nothing on the VM.
- A lock on the rollback snapshot's group is refused even if it only forbids deleting: a run that ends before the point
  of no return deletes its snapshot, and a cleanup deletes it when its days have passed.
- `extensions/delete` is used only if a policy installed an extension of `GOLDEN_REMOVABLE_EXTENSIONS` on a clone.
- `galleries/*/read` reads the recycle bin of a gallery with soft delete. Microsoft's published list of actions names
  none for it, and Azure rejects a custom role with an action that is not in its list, so the role has the wildcard. It
  is not verified on Azure which action the request needs.
- Retention needs its reads on the whole subscription of the gallery and on every subscription in
  `GOLDEN_ALLOWED_SCOPES` (the role Reader is enough). With fewer rights Azure returns shorter lists and no error, so
  without these reads no version is deleted. VMs and scale sets in other subscriptions do not protect a version.
"""
_SUBNET = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers"
    "/Microsoft.Network/virtualNetworks/net/subnets/default"
)
_IMAGE = f"{_SUBNET.partition('/providers/')[0]}/providers/Microsoft.Compute/images/golden"
_DEFINITION = f"{_SUBNET.partition('/providers/')[0]}/providers/Microsoft.Compute/galleries/golden/images/web"


@dataclass(frozen=True)
class Row:
    """What one option needs in one place."""

    option: str
    where: str
    actions: tuple[str, ...]


def rights_rows() -> tuple[Row, ...]:
    """Return what every option needs, by place."""
    return (*_in_place(), *_clone(), *_images(), *_others())


def rights_page() -> str:
    """Return the page: the actions of each option, then the options of each action."""
    rows = rights_rows()
    options = [f"| {row.option} | {row.where} | {_code(row.actions)} |" for row in rows]
    actions = sorted({action for row in rows for action in row.actions})
    by_action = [
        f"| `{action}` | {', '.join(dict.fromkeys(row.option for row in rows if action in row.actions))} |"
        for action in actions
    ]
    table = ["## By option", "", "| Option | Where | Actions |", "|---|---|---|", *options]
    needed = {run: needed_on_source(target) for run, target in production_runs().items()}
    needed[PRODUCTION_CLEANUP] = needed_for_cleanup_on_source()
    production = [f"| {run} | {_code(actions)} |" for run, actions in needed.items()]
    return "\n".join([_HEAD, *table, _BY_ACTION + "\n".join(by_action), _PRODUCTION + "\n".join(production), _NOTES])


def production_runs() -> dict[str, Target]:
    """Return the runs of the table about production groups, each with a target of it."""
    plain: dict[str, Any] = {"rollbackSnapshot": False}
    return {
        "`inPlace` without rollback snapshot and image": _target(**plain),
        "`inPlace` with `rollbackSnapshot`": _target(),
        "`inPlace` with a managed image": _target(**plain, image=_managed()),
        "`inPlace` with a gallery image": _target(**plain, image=_gallery()),
        "`inPlace` with `rollbackSnapshot` and a managed image": _target(image=_managed()),
        "`inPlace` with `rollbackSnapshot` and a gallery image": _target(image=_gallery()),
        "`clone`": _target(mode="clone", image=_gallery()),
    }


def _in_place() -> tuple[Row, ...]:
    without_proof = _target(deprovision={"evidence": "powerStateOnly"})
    published = _target(image=_gallery(), deprovision={"evidence": "powerStateOnly"})
    minimal, for_gallery, with_proof = (
        needed_actions(each, linux=True) for each in (without_proof, published, _target())
    )
    rollback = needed_for_rollback()
    return (
        Row("every run", "VM", READ_RIGHTS_AND_LOCKS),
        Row("every run", "VM, group, subnet, image definition, image's resource group", (READ_DENY_ASSIGNMENTS,)),
        Row("every run", "resource groups of the VM, of temporary VMs and of the image", (CHECK_POLICIES,)),
        Row("`inPlace`", "VM", minimal),
        Row("evidence `guestReported` (Linux)", "VM", _more(with_proof, minimal)),
        Row("`rollbackSnapshot`", "VM's OS disk", rollback["disk"]),
        Row("`rollbackSnapshot`", "snapshot's resource group", (*READ_RIGHTS_AND_LOCKS, *rollback["group"])),
        Row("`inPlace` with a gallery image", "VM", _more(for_gallery, minimal)),
        Row("`inPlace` with any image", "VM's disks", (READ_DISKS,)),
    )


def _clone() -> tuple[Row, ...]:
    target = _target(mode="clone", image=_managed())
    needed = needed_for_clone(target)
    customized = _target(mode="clone", image=_managed(), customize=[{"script": "any", "reboot": True}])
    return (
        Row("`clone`", "VM and its disks", needed["vm"]),
        Row("`clone`", "group", (*READ_RIGHTS_AND_LOCKS, *needed["group"])),
        Row("`clone`", "subnet", (READ_RIGHTS_AND_LOCKS[0], *needed["subnet"])),
        Row("`clone`", "subnet's virtual network", (READ_NETWORK,)),
        Row("every run", "VM's subscription", READ_CAPACITY[:1]),
        Row("`clone` and `validate`", "subscription of the group", READ_CAPACITY),
        Row("any copy of a disk with a disk encryption set", "disk encryption set", (READ_ENCRYPTION_SET,)),
        Row("`customize`", "group", needed_for_customize(customized)),
    )


def _images() -> tuple[Row, ...]:
    needed = needed_for_validation()
    return (
        Row("image `galleryImageVersion`", "image definition", (*READ_RIGHTS_AND_LOCKS, *needed_for_gallery())),
        Row("image `galleryImageVersion`", "gallery", (READ_GALLERY,)),
        Row("image in a gallery with soft delete", "gallery", (READ_RECYCLE_BIN,)),
        Row("`targetRegions` with a disk encryption set", "disk encryption set", (READ_ENCRYPTION_SET,)),
        Row("image `managedImage`", "image's resource group", (*READ_RIGHTS_AND_LOCKS, *needed_for_managed_image())),
        Row("`validate`", "group", (*READ_RIGHTS_AND_LOCKS, *needed["group"])),
        Row("`validate`", "subnet", (READ_RIGHTS_AND_LOCKS[0], *needed["subnet"])),
        Row("`validate`", "subnet's virtual network", (READ_NETWORK,)),
        Row("`retention`", "image definition", needed_for_retention()),
        Row("`retention`", "each whole subscription", (READ_RIGHTS_AND_LOCKS[0], *needed_to_see_uses())),
    )


def _others() -> tuple[Row, ...]:
    return (
        Row("cleanup of a resource group", "group", needed_for_cleanup(subscription=False)),
        Row("cleanup of a subscription", "subscription", needed_for_cleanup(subscription=True)),
        Row("`sysprepCredential`", "Key Vault secret (data action)", (GET_SECRET,)),
    )


def _target(**more: Any) -> Target:
    vm = f"{_SUBNET.partition('/providers/')[0]}/providers/Microsoft.Compute/virtualMachines/vm"
    return Target.model_validate({"vmId": vm, "mode": "inPlace", **more})


def _gallery() -> dict[str, str]:
    return {"kind": "galleryImageVersion", "imageDefinitionId": _DEFINITION}


def _managed() -> dict[str, str]:
    return {"kind": "managedImage", "imageId": _IMAGE}


def _more(actions: Iterable[str], than: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(action for action in actions if action not in than)


def _code(actions: Iterable[str]) -> str:
    return "<br>".join(f"`{action}`" for action in dict.fromkeys(actions))
