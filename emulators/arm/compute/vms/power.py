"""The power of a VM: start, stop, deallocate, restart, generalize, and in which state each is allowed."""

import contextlib
from collections.abc import Callable
from typing import Literal

from emulators.arm.compute.vms.birth import begin_birth
from emulators.arm.compute.vms.extensions import DELETING
from emulators.arm.compute.vms.specs import StopKind
from emulators.arm.compute.vms.vm import PowerState, Vm
from emulators.arm.errors import ArmError, not_allowed, operation_not_allowed, requires_running
from emulators.arm.state.operations import Fate, Operation

RUNNING = (
    "the VM is running. Please power off explicitly in case you shut down the VM from inside the guest operating system"
)


def start(vm: Vm, fate: Fate | None = None) -> Operation:
    """Start a stopped or deallocated VM; refused for a generalized one. A deallocated VM needs a host again."""
    _refuse(vm, "start", generalized=True)
    if vm.power == "deallocated":
        vm.platform.capacity.check_at_once(vm.spec.vm_size, vm.spec.location, vm.spec.zones)
    if vm.boot_number == 0 and vm.provisioning_state == "Failed":
        # Its creation failed before the first boot, which follows now.
        return begin_birth(vm, vm.provisioning, fate, "start")
    if vm.power == "running":
        return _nothing_to_do(vm, "start", fate)
    return _change(vm, "start", "starting", "running", "running", fate, _booted)


def power_off(vm: Vm, fate: Fate | None = None) -> Operation:
    """Stop it and set the platform's goal to stopped; it stays allocated and billed."""
    _refuse(vm, "powerOff")
    if vm.power == "deallocated":
        since = "the VM is either deallocated or marked to be deallocated"
        raise operation_not_allowed("powerOff", vm.name, since)
    if vm.power == "stopped":
        vm.goal = "stopped"
        return _nothing_to_do(vm, "powerOff", fate)
    return _change(vm, "powerOff", "stopping", "stopped", "stopped", fate)


def deallocate(vm: Vm, fate: Fate | None = None) -> Operation:
    """Stop it and release its host; preempts a running operation."""
    if vm.spec.ephemeral_os_disk:
        raise not_allowed(f"Deallocating VM '{vm.name}' is not supported, because its OS disk is ephemeral.")
    if vm.power == "deallocating" and vm.power_operation is not None:
        return vm.power_operation
    _refuse(vm, "deallocate", preempts=True)
    _preempt(vm)
    if vm.creation is not None:
        vm.creation, vm.provisioning_state = None, "Failed"
    vm.power_operation = vm.action_operation = None
    if vm.power == "deallocated":
        # The memory of a hibernated VM is given up.
        vm.hibernated = False
        return _nothing_to_do(vm, "deallocate", fate)
    return _change(vm, "deallocate", "deallocating", "deallocated", "deallocated", fate, _host_given_back)


def hibernate(vm: Vm, fate: Fate | None = None) -> Operation:
    """Write the memory of a running VM to its OS disk, and deallocate it."""
    if not vm.spec.can_hibernate:
        raise not_allowed("Hibernation is not enabled on this VM.")
    _refuse(vm, "deallocate")
    if vm.power != "running":
        raise requires_running()
    return _change(vm, "deallocate", "deallocating", "deallocated", "deallocated", fate, _hibernated)


def restart(vm: Vm, fate: Fate | None = None) -> Operation:
    """Restart a running VM."""
    _refuse(vm, "restart", generalized=True)
    if vm.goal != "running":
        raise requires_running()
    return _change(vm, "restart", "starting", "running", "running", fate, _booted)


def generalize(vm: Vm) -> None:
    """Mark it generalized: at once, irreversibly, and only when the platform stopped it."""
    if vm.deleting:
        raise operation_not_allowed("generalize", vm.name, DELETING)
    if vm.hibernated:
        raise operation_not_allowed("generalize", vm.name, "the VM is hibernated")
    if vm.power_operation is not None or vm.creation is not None:
        raise operation_not_allowed("generalize", vm.name, "another operation is in progress")
    if vm.goal == "running":
        raise operation_not_allowed("generalize", vm.name, RUNNING)
    vm.generalized = True
    vm.log.add("generalized")


def shut_down_from_guest(vm: Vm) -> None:
    """The guest powered itself off; some seconds later the power state is stopped, but the goal is still running."""
    boot = vm.boot_number

    def end() -> None:
        if vm.boot_number == boot and vm.power == "running":
            vm.set_power("stopped")

    vm.platform.clock.call_in(vm.platform.dice.draw("guest_shutdown"), end)


def stop_by_other(vm: Vm, how: StopKind, after_seconds: float) -> None:
    """Another caller stops it after some seconds, if its state allows it then."""

    def stop() -> None:
        with contextlib.suppress(ArmError):
            if how == "guestShutdown":
                shut_down_from_guest(vm)
            else:
                (power_off if how == "powerOff" else deallocate)(vm)

    vm.platform.clock.call_in(after_seconds, stop)


def _refuse(vm: Vm, operation: str, generalized: bool = False, preempts: bool = False) -> None:
    if vm.deleting:
        raise operation_not_allowed(operation, vm.name, DELETING)
    if generalized and vm.generalized:
        raise operation_not_allowed(operation, vm.name, "the VM is generalized")
    if vm.creation is not None and not preempts:
        raise operation_not_allowed(operation, vm.name, "another operation is in progress")
    if vm.power_operation is not None and not preempts:
        raise not_allowed(
            f"An ongoing operation is changing power state of Virtual Machine {vm.name} to {vm.goal}. "
            f"Please perform operation {operation} after some time."
        )


def _preempt(vm: Vm) -> None:
    """Preempt the running operation: it is canceled, and so is a run command that was not delivered yet."""
    operations = vm.platform.operations
    for operation in (vm.power_operation, vm.action_operation, vm.creation):
        if operation is not None:
            operations.preempt(operation)
    for record in vm.run_commands.values():
        if record.operation is not None and record.operation.status == "InProgress":
            operations.preempt(record.operation)
            record.provisioning_state = "Canceled"


def _nothing_to_do(vm: Vm, kind: str, fate: Fate | None) -> Operation:
    platform = vm.platform
    operation = platform.operations.begin(kind, vm.id, vm.spec.location, fate)
    platform.clock.call_in(platform.dice.draw("nothing_to_do"), lambda: platform.operations.settle(operation))
    return operation


def _change(
    vm: Vm,
    kind: str,
    during: PowerState,
    final: PowerState,
    goal: Literal["running", "stopped", "deallocated"],
    fate: Fate | None,
    then: Callable[[Vm], None] | None = None,
) -> Operation:
    platform, power_before, goal_before = vm.platform, vm.power, vm.goal
    operation = platform.operations.begin(kind, vm.id, vm.spec.location, fate)
    vm.set_power(during)
    vm.goal = goal
    vm.power_operation = operation

    def end() -> None:
        if vm.power_operation is not operation or (fate is not None and fate.ends == "never"):
            return
        vm.power_operation = None
        if (failure := fate or _host_refused(vm, power_before)) is not None:
            vm.set_power(power_before)
            vm.goal = goal_before
            platform.operations.fail(operation, failure.code, failure.message)
            return
        vm.set_power(final)
        if then is not None:
            then(vm)
        platform.operations.succeed(operation)

    kinds = {"start": "start", "powerOff": "power_off", "deallocate": "deallocate", "restart": "restart"}
    platform.clock.call_in(platform.dice.draw(kinds[kind]), end)
    return operation


def _host_refused(vm: Vm, power_before: PowerState) -> Fate | None:
    """The failure of the start of a deallocated VM for which there is no host; it leaves the VM Failed."""
    if vm.goal != "running" or power_before != "deallocated":
        return None
    shortage = vm.platform.capacity.allocate(vm.spec.vm_size, vm.spec.location, vm.spec.zones)
    if shortage is not None:
        vm.provisioning_state, vm.failure = "Failed", (shortage.code, shortage.message)
    elif vm.failure is not None:
        vm.provisioning_state, vm.failure = "Succeeded", None
    return shortage


def _booted(vm: Vm) -> None:
    if vm.hibernated:
        # It goes on where it was: no boot, the same boot id.
        vm.hibernated = False
    else:
        vm.guest.boot()
        vm.write_boot()
    vm.agent, vm.action_operation = "notReady", None
    boot = vm.boot_number

    def ready() -> None:
        if vm.boot_number == boot and vm.power == "running" and vm.spec.agent_ready:
            vm.make_agent_ready()

    vm.platform.clock.call_in(vm.platform.dice.draw("agent_start"), ready)


def _host_given_back(vm: Vm) -> None:
    vm.agent = None


def _hibernated(vm: Vm) -> None:
    vm.agent, vm.hibernated = None, True
