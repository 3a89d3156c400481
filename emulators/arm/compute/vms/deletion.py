"""DELETE of a VM, and what goes with it: disks and interfaces are deleted or detached."""

from emulators.arm.compute.vms.vm import Vm
from emulators.arm.state.operations import Fate, Operation
from emulators.arm.state.store import Store
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
            remove(world, vm)
        elif fate.ends == "fails":
            vm.deleting, vm.provisioning_state = False, "Failed"
        operations.settle(operation)

    platform.clock.call_in(platform.dice.draw("delete"), end)
    return operation


def remove(world: World, vm: Vm) -> None:
    """Remove it now. What its delete options name is deleted with it; other disks and interfaces are detached."""
    if world.vms.pop(vm.id.lower(), None) is None:
        return
    world.former.append(vm)
    world.store.trace_deleted("Microsoft.Compute/virtualMachines", vm.id, vm.tags)
    _let_go(world.store, vm)


def _let_go(store: Store, vm: Vm) -> None:
    """The VM was deleted: delete what its delete options name; other disks keep their content."""
    for number, (resource_id, with_vm) in enumerate((*vm.model.disks(), *vm.model.interfaces())):
        resource = store.get(resource_id)
        if resource is None:
            continue
        resource.owners = [owner for owner in resource.owners if owner.lower() != vm.id.lower()]
        if with_vm:
            store.remove(resource.id)
        elif number == 0:
            resource.content, resource.hibernated = vm.guest.freeze(), vm.hibernated
