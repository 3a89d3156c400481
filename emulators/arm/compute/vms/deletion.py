"""DELETE of a VM, and what goes with it: disks and interfaces are deleted or detached."""

from functools import partial

from emulators.arm.compute.disks.views import DISKS
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.state.operations import Fate, Operation
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World


def delete(world: World, vm: Vm, fate: Fate | None = None) -> Operation:
    """Delete it in the background; one that is being created is preempted."""
    operations, platform = vm.platform.operations, vm.platform
    if vm.creation is not None:
        operations.preempt(vm.creation)
        vm.creation = None
    operation = operations.begin("delete", vm.id, vm.spec.location, fate)
    vm.deleting, vm.provisioning_state = True, "Deleting"

    def end() -> None:
        if fate is None:
            vm.set_power("stopped")
            remove(world, vm, lag=platform.dice.draw("parent_lag"))
        elif fate.ends == "fails":
            vm.deleting, vm.provisioning_state = False, "Failed"
        operations.settle(operation)

    platform.clock.call_in(platform.dice.draw("delete"), end)
    return operation


def remove(world: World, vm: Vm, lag: float = 0.0) -> None:
    """Remove it now. What its delete options name is deleted with it; other disks and interfaces are detached.

    Its disks show it as their owner for `lag` more seconds.
    """
    if world.vms.pop(vm.id.lower(), None) is None:
        return
    world.former.append(vm)
    world.store.trace_deleted("Microsoft.Compute/virtualMachines", vm.id, vm.tags)
    _let_go(world, vm, lag)


def _let_go(world: World, vm: Vm, lag: float) -> None:
    """The VM was deleted: delete what its delete options name; other disks keep their content."""
    for number, (resource_id, with_vm) in enumerate((*vm.model.disks(), *vm.model.interfaces())):
        resource = world.store.get(resource_id)
        if resource is None:
            continue
        if with_vm:
            resource.owners = _without(resource, vm)
            world.store.remove(resource.id)
            continue
        if resource.kind == DISKS and lag > 0:
            world.clock.call_in(lag, partial(_detach, resource, vm))
        else:
            _detach(resource, vm)
        if number == 0:
            resource.content, resource.hibernated = vm.guest.freeze(), vm.hibernated


def _without(resource: Resource, vm: Vm) -> list[str]:
    return [owner for owner in resource.owners if owner.lower() != vm.id.lower()]


def _detach(resource: Resource, vm: Vm) -> None:
    resource.owners = _without(resource, vm)
