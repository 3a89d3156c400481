"""The table of RBAC actions by option, and of options by action, as Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.request import Target
from policy.rights import (
    GET_SECRET,
    LOOKING,
    READ_DISKS,
    READ_ENCRYPTION_SET,
    READ_NETWORK,
    needed_actions,
    needed_for_clone,
    needed_for_gallery,
    needed_for_managed_image,
    needed_for_prepare,
    needed_for_retention,
    needed_for_sweep,
    needed_for_undo,
    needed_for_verification,
    needed_to_see_uses,
)

_HEAD = """# Rights

This page is made from `policy/rights.py` by `python -m workbench.published`; change it there.

[infra/role.json](../infra/role.json) is the custom role for all options. Who uses fewer may take actions out of it: a
run that lacks one is refused before anything is changed, and its refusal names the action. Only an encryption set's is
found by Azure alone, when the disk is made; without those of retention and sweep things stay, and the result says so.
Assign the role on the resource groups concerned, not on the subscription; retention alone needs reads on subscriptions.

An action at "group" counts for the group where temporary machines stand: the source machine's, or the one that the
request names.
"""
_BY_ACTION = """
## By action

| Action | Options |
|---|---|
"""
_NOTES = """
## Notes

- `getSecret/action` is a data action: grant it on the secret, for example with the role Key Vault Secrets User.
- `virtualMachines/write` is what Azure asks for on the machine that an image version is made from, although it only
  reads it.
- `beginGetAccess/action` is what Azure asks for on a disk or snapshot that is copied.
- Retention needs its reads on the whole of the gallery's subscription and of every subscription in
  `GOLDEN_ALLOWED_SCOPES` (the role Reader there is enough): with less Azure lists less, without a word. Where they are
  missing nothing is retired. Machines and scale sets of other subscriptions do not keep a version alive.
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
    """Give what every option needs, by place."""
    return (*_in_place(), *_clone(), *_images(), *_others())


def rights_page() -> str:
    """Give the page: the actions of each option, then the options of each action."""
    rows = rights_rows()
    options = [f"| {row.option} | {row.where} | {_code(row.actions)} |" for row in rows]
    actions = sorted({action for row in rows for action in row.actions})
    by_action = [
        f"| `{action}` | {', '.join(dict.fromkeys(row.option for row in rows if action in row.actions))} |"
        for action in actions
    ]
    table = ["## By option", "", "| Option | Where | Actions |", "|---|---|---|", *options]
    return "\n".join([_HEAD, *table, _BY_ACTION + "\n".join(by_action), _NOTES])


def _in_place() -> tuple[Row, ...]:
    plain = _target(deprovision={"evidence": "powerStateOnly"})
    published = _target(image=_gallery(), deprovision={"evidence": "powerStateOnly"})
    bare, own, proved = (needed_actions(each, linux=True) for each in (plain, published, _target()))
    return (
        Row("every run", "machine", LOOKING),
        Row("`inPlace`", "machine", bare),
        Row("evidence `guestReported` (Linux)", "machine", _more(proved, bare)),
        Row("`undoSnapshot`", "machine's group", needed_for_undo()),
        Row("`inPlace` with a gallery image", "machine", _more(own, bare)),
        Row("`inPlace` with any image", "machine's disks", (READ_DISKS,)),
    )


def _clone() -> tuple[Row, ...]:
    target = _target(mode="clone", image=_managed())
    needed = needed_for_clone(target)
    prepared = _target(mode="clone", image=_managed(), prepare=[{"script": "any", "reboot": True}])
    return (
        Row("`clone`", "machine and its disks", needed["machine"]),
        Row("`clone`", "group", (*LOOKING, *needed["group"])),
        Row("`clone`", "subnet", (LOOKING[0], *needed["subnet"])),
        Row("`clone`", "subnet's network", (READ_NETWORK,)),
        Row("any copy of a disk under an encryption set", "encryption set", (READ_ENCRYPTION_SET,)),
        Row("`prepare`", "group", needed_for_prepare(prepared)),
    )


def _images() -> tuple[Row, ...]:
    needed = needed_for_verification()
    return (
        Row("image `galleryImageVersion`", "image definition", (LOOKING[0], *needed_for_gallery())),
        Row("`targetRegions` with a disk encryption set", "encryption set", (READ_ENCRYPTION_SET,)),
        Row("image `managedImage`", "image's group", (LOOKING[0], *needed_for_managed_image())),
        Row("`verify`", "group", (*LOOKING, *needed["group"])),
        Row("`verify`", "subnet", (LOOKING[0], *needed["subnet"])),
        Row("`verify`", "subnet's network", (READ_NETWORK,)),
        Row("`retention`", "image definition", needed_for_retention()),
        Row("`retention`", "each subscription, as a whole", (LOOKING[0], *needed_to_see_uses())),
    )


def _others() -> tuple[Row, ...]:
    return (
        Row("sweep of a resource group", "group", needed_for_sweep(subscription=False)),
        Row("sweep of a subscription", "subscription", needed_for_sweep(subscription=True)),
        Row("`sysprepCredential`", "Key Vault secret (data action)", (GET_SECRET,)),
    )


def _target(**more: Any) -> Target:
    machine = f"{_SUBNET.partition('/providers/')[0]}/providers/Microsoft.Compute/virtualMachines/vm"
    return Target.model_validate({"vmId": machine, "mode": "inPlace", **more})


def _gallery() -> dict[str, str]:
    return {"kind": "galleryImageVersion", "imageDefinitionId": _DEFINITION}


def _managed() -> dict[str, str]:
    return {"kind": "managedImage", "imageId": _IMAGE}


def _more(actions: Iterable[str], than: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(action for action in actions if action not in than)


def _code(actions: Iterable[str]) -> str:
    return "<br>".join(f"`{action}`" for action in dict.fromkeys(actions))
