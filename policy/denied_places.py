"""Where deny assignments are read for a run, and which actions it needs there."""

from collections.abc import Iterable, Iterator

from contracts.facts import OsType, VmState
from contracts.ids import Scope
from contracts.image_options import GalleryImageVersion, ManagedImage
from contracts.message import Message
from contracts.request import Mode
from contracts.resource_ids import SubnetId
from contracts.run import VmJob
from policy.deny_assignments import Need, below
from policy.rights import (
    needed_actions,
    needed_for_clone,
    needed_for_gallery,
    needed_for_managed_image,
    needed_for_rollback,
    needed_for_validation,
)

_RUN_COMMANDS = "/runCommands/"
_VERSIONS = "/versions/"
_VM = "Microsoft.Compute/virtualMachines"
_DISKS = "Microsoft.Compute/disks/"


class TemporaryPlace(Message):
    """The resource group and the subnet of a temporary VM."""

    group: Scope
    subnet_id: SubnetId | None = None


def needs_of(
    job: VmJob,
    vm: VmState,
    *,
    generalized: bool = False,
    specialized: bool = False,
    clone: TemporaryPlace | None = None,
    validation: TemporaryPlace | None = None,
    rollback: Scope | None = None,
) -> tuple[Need, ...]:
    """Return the actions that the run needs, by place.

    `generalized`: only the image is left to publish. `specialized`: the clone is not deprovisioned. `rollback`: the
    resource group of the rollback snapshot.
    """
    linux = vm.os_type is not OsType.WINDOWS
    if job.target.mode is Mode.CLONE:
        needed = needed_for_clone(job.target, linux=linux, deprovisioned=not specialized)
        needs = [*_at_vm(vm, needed["vm"]), *_temporary(clone, needed)]
    elif generalized:
        needs = list(_at_vm(vm, (f"{_VM}/read", f"{_VM}/write")))
    else:
        snapshot = needed_for_rollback() if rollback is not None else {"disk": (), "group": ()}
        needs = list(_at_vm(vm, (*needed_actions(job.target, linux=linux), *snapshot["disk"])))
        if rollback is not None:
            needs.append(Need(str(rollback), below(str(rollback)), snapshot["group"]))
    if validation is not None:
        needs += _temporary(validation, needed_for_validation())
    return (*needs, *_image(job))


def scopes_to_read(needs: Iterable[Need]) -> tuple[str, ...]:
    """Return the scopes whose deny assignments must be read: those at a scope contain the inherited ones."""
    scopes = tuple(dict.fromkeys(need.at for need in needs))
    return tuple(scope for scope in scopes if not any(_is_inside(other, scope) for other in scopes))


def _is_inside(other: str, scope: str) -> bool:
    return other.lower().startswith(f"{scope}/".lower())


def _at_vm(vm: VmState, actions: Iterable[str]) -> Iterator[Need]:
    """Sort actions on the VM, on its Run Commands, on its OS disk, and on what is created in its group."""
    at, group = str(vm.vm_id), Scope(vm.vm_id.subscription_id, vm.vm_id.resource_group)
    by_target: dict[str, list[str]] = {}
    for action in actions:
        if _RUN_COMMANDS in action:
            target = below(at)
        elif action.startswith(_VM):
            target = at
        else:
            target = vm.os_disk_id or below(str(group)) if action.startswith(_DISKS) else below(str(group))
        by_target.setdefault(target, []).append(action)
    yield from (Need(at, target, tuple(wanted)) for target, wanted in by_target.items())


def _temporary(place: TemporaryPlace | None, needed: dict[str, tuple[str, ...]]) -> Iterator[Need]:
    if place is None:
        return
    yield Need(str(place.group), below(str(place.group)), needed["group"])
    if place.subnet_id is not None:
        yield Need(str(place.subnet_id), str(place.subnet_id), needed["subnet"])


def _image(job: VmJob) -> Iterator[Need]:
    image = job.target.image
    if isinstance(image, ManagedImage):
        group = f"/subscriptions/{image.image_id.subscription_id}/resourceGroups/{image.image_id.resource_group}"
        yield Need(group, below(group), needed_for_managed_image())
    elif isinstance(image, GalleryImageVersion):
        definition = str(image.image_definition_id)
        actions = needed_for_gallery()
        yield Need(definition, below(definition), tuple(action for action in actions if _VERSIONS in action))
        yield Need(definition, definition, tuple(action for action in actions if _VERSIONS not in action))
