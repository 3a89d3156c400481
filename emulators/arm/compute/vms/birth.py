"""The creation of a VM: allocation, first boot, provisioning, and the agent."""

from collections.abc import Mapping

from emulators.arm.compute.vms.vm import Vm
from emulators.arm.state.operations import Fate, Operation

#: The platform fails a first boot that reports nothing within this time.
PROVISIONING_TIMEOUT = 20 * 60.0


def begin_birth(vm: Vm, values: Mapping[str, str | None] | None, fate: Fate | None, kind: str = "write") -> Operation:
    """Run the creation. `values` are those for provisioning (host, user, key); None without provisioning."""
    platform = vm.platform
    operation = platform.operations.begin(kind, vm.id, vm.spec.location, fate)
    vm.creation, vm.provisioning, vm.power = operation, values, "starting"
    # Nothing has booted yet, and an event of this boot must not meet an earlier one.
    vm.boot_number, vm.failure = 0, None

    def allocated() -> None:
        if not _goes_on(vm, operation) or (fate is not None and fate.ends == "never"):
            return
        if fate is not None:
            vm.set_power("stopped")
            vm.goal = "stopped"
            _fail(vm, operation, fate.code, fate.message)
            return
        if (shortage := platform.capacity.allocate(vm.spec.vm_size, vm.spec.location, vm.spec.zones)) is not None:
            # It never had a host.
            vm.set_power("deallocated")
            vm.goal = "deallocated"
            _fail(vm, operation, shortage.code, shortage.message)
            return
        _boot(vm, values)
        if values is None:
            _succeed(vm, operation)
        elif vm.guest_boots == "neverProvisions":
            platform.clock.call_in(PROVISIONING_TIMEOUT, lambda: _give_up(vm, operation))
        else:
            platform.clock.call_in(platform.dice.draw("first_boot"), lambda: _succeed(vm, operation))

    platform.clock.call_in(platform.dice.draw("vm_create"), allocated)
    return operation


def _goes_on(vm: Vm, operation: Operation) -> bool:
    return vm.creation is operation and not vm.deleting


def _boot(vm: Vm, values: Mapping[str, str | None] | None) -> None:
    platform = vm.platform
    vm.boot_number = 1
    vm.set_power("running")
    stuck = values is not None and vm.guest_boots == "neverProvisions"
    if values is not None and not stuck:
        vm.guest.set_clock(vm.own_time())
        vm.guest.provision(values["host"] or vm.name, values["user"], key=values["key"], rng=platform.rng)
    vm.write_boot()
    vm.agent = "notReady"

    def ready() -> None:
        if vm.boot_number == 1 and vm.power == "running" and vm.spec.agent_ready and not stuck:
            vm.make_agent_ready()

    platform.clock.call_in(platform.dice.draw("agent_start"), ready)


def _succeed(vm: Vm, operation: Operation) -> None:
    if _goes_on(vm, operation):
        vm.creation, vm.provisioning_state = None, "Succeeded"
        vm.platform.operations.succeed(operation)
        for hook in vm.created_hooks:
            hook(vm)


def _give_up(vm: Vm, operation: Operation) -> None:
    if _goes_on(vm, operation):
        message = (
            f"OS Provisioning for VM '{vm.name}' did not finish in the allotted time. The VM may still finish "
            "provisioning successfully. Please check provisioning state later."
        )
        _fail(vm, operation, "OSProvisioningTimedOut", message)


def _fail(vm: Vm, operation: Operation, code: str, message: str) -> None:
    vm.creation, vm.provisioning_state, vm.failure = None, "Failed", (code, message)
    vm.platform.operations.fail(operation, code, message)
