"""The power of a machine: start, stop, deallocate, restart, generalize, delete, and the rules between them."""

from collections.abc import Callable
from typing import Literal

from workbench.arm_simulator.errors import ArmError, not_allowed, operation_not_allowed, requires_running
from workbench.arm_simulator.machine import Machine, PowerState
from workbench.arm_simulator.operations import Fate, Operation

DELETING = (
    "the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete)"
)
RUNNING = (
    "the VM is running. Please power off explicitly in case you shut down the VM from inside the guest operating system"
)


def start(machine: Machine, fate: Fate | None = None) -> Operation:
    """Start a stopped or deallocated machine; refused for a generalized one."""
    _refuse(machine, "start", generalized=True)
    if machine.power == "running":
        return _nothing_to_do(machine, "start", fate)
    return _change(machine, "start", "starting", "running", "running", fate, _booted)


def power_off(machine: Machine, fate: Fate | None = None) -> Operation:
    """Stop it, and tell the platform that it shall be stopped; it stays allocated and billed."""
    _refuse(machine, "powerOff")
    if machine.power == "deallocated":
        since = "the VM is either deallocated or marked to be deallocated"
        raise operation_not_allowed("powerOff", machine.name, since)
    if machine.power == "stopped":
        machine.goal = "stopped"
        return _nothing_to_do(machine, "powerOff", fate)
    return _change(machine, "powerOff", "stopping", "stopped", "stopped", fate)


def deallocate(machine: Machine, fate: Fate | None = None) -> Operation:
    """Stop it and give its host back; takes precedence over what runs."""
    if machine.spec.ephemeral_os_disk:
        raise not_allowed(f"Deallocating VM '{machine.name}' is not supported, because its OS disk is ephemeral.")
    if machine.power == "deallocating" and machine.power_operation is not None:
        return machine.power_operation
    _refuse(machine, "deallocate", preempts=True)
    _preempt(machine)
    if machine.creation is not None:
        machine.creation, machine.provisioning_state = None, "Failed"
    machine.power_operation = machine.action_operation = None
    if machine.power == "deallocated":
        return _nothing_to_do(machine, "deallocate", fate)
    return _change(machine, "deallocate", "deallocating", "deallocated", "deallocated", fate, _host_given_back)


def restart(machine: Machine, fate: Fate | None = None) -> Operation:
    """Restart a running machine."""
    _refuse(machine, "restart", generalized=True)
    if machine.goal != "running":
        raise requires_running()
    return _change(machine, "restart", "starting", "running", "running", fate, _booted)


def generalize(machine: Machine) -> None:
    """Mark it generalized: at once, for ever, and only when the platform itself stopped it."""
    if machine.deleting:
        raise operation_not_allowed("generalize", machine.name, DELETING)
    if machine.power_operation is not None or machine.creation is not None:
        raise operation_not_allowed("generalize", machine.name, "another operation is in progress")
    if machine.goal == "running":
        raise operation_not_allowed("generalize", machine.name, RUNNING)
    machine.generalized = True
    machine.log.add("generalized")


def delete(machine: Machine, gone: Callable[[], None], fate: Fate | None = None) -> Operation:
    """Delete it; `gone` is called when it no longer exists."""
    operations, platform = machine.platform.operations, machine.platform
    if machine.creation is not None:
        operations.preempt(machine.creation)
        machine.creation = None
    operation = operations.begin("delete", machine.id, machine.spec.location, fate)
    machine.deleting, machine.provisioning_state = True, "Deleting"

    def end() -> None:
        if fate is None:
            machine.set_power("stopped")
            gone()
            operations.succeed(operation)
        elif fate.ends == "fails":
            machine.deleting, machine.provisioning_state = False, "Failed"
            operations.fail(operation, fate.code, fate.message)

    platform.clock.call_in(platform.dice.draw("delete"), end)
    return operation


def shut_down_from_guest(machine: Machine) -> None:
    """The guest ordered its own power off; some seconds later the power state says stopped, the goal does not."""
    boot = machine.boot_number

    def end() -> None:
        if machine.boot_number == boot and machine.power == "running":
            machine.set_power("stopped")

    machine.platform.clock.call_in(machine.platform.dice.draw("guest_shutdown"), end)


def stop_by_other(machine: Machine, how: Literal["powerOff", "deallocate", "guestShutdown"]) -> bool:
    """Somebody else stops it now; False when its state does not let them."""
    try:
        if how == "guestShutdown":
            shut_down_from_guest(machine)
        else:
            (power_off if how == "powerOff" else deallocate)(machine)
    except ArmError:
        return False
    return True


def _refuse(machine: Machine, operation: str, generalized: bool = False, preempts: bool = False) -> None:
    if machine.deleting:
        raise operation_not_allowed(operation, machine.name, DELETING)
    if generalized and machine.generalized:
        raise operation_not_allowed(operation, machine.name, "the VM is generalized")
    if machine.creation is not None and not preempts:
        raise operation_not_allowed(operation, machine.name, "another operation is in progress")
    if machine.power_operation is not None and not preempts:
        raise not_allowed(
            f"An ongoing operation is changing power state of Virtual Machine {machine.name} to {machine.goal}. "
            f"Please perform operation {operation} after some time."
        )


def _preempt(machine: Machine) -> None:
    """End what runs: its operation is canceled, and so is a run command that was not delivered yet."""
    operations = machine.platform.operations
    for operation in (machine.power_operation, machine.action_operation, machine.creation):
        if operation is not None:
            operations.preempt(operation)
    for record in machine.run_commands.values():
        if record.operation is not None and record.operation.status == "InProgress":
            operations.preempt(record.operation)
            record.provisioning_state = "Canceled"


def _nothing_to_do(machine: Machine, kind: str, fate: Fate | None) -> Operation:
    platform = machine.platform
    operation = platform.operations.begin(kind, machine.id, machine.spec.location, fate)

    def end() -> None:
        if fate is None:
            platform.operations.succeed(operation)
        elif fate.ends == "fails":
            platform.operations.fail(operation, fate.code, fate.message)

    platform.clock.call_in(platform.dice.draw("nothing_to_do"), end)
    return operation


def _change(
    machine: Machine,
    kind: str,
    during: PowerState,
    final: PowerState,
    goal: Literal["running", "stopped", "deallocated"],
    fate: Fate | None,
    then: Callable[[Machine], None] | None = None,
) -> Operation:
    platform, power_before, goal_before = machine.platform, machine.power, machine.goal
    operation = platform.operations.begin(kind, machine.id, machine.spec.location, fate)
    machine.set_power(during)
    machine.goal = goal
    machine.power_operation = operation

    def end() -> None:
        if machine.power_operation is not operation or (fate is not None and fate.ends == "never"):
            return
        machine.power_operation = None
        if fate is not None:
            machine.set_power(power_before)
            machine.goal = goal_before
            platform.operations.fail(operation, fate.code, fate.message)
            return
        machine.set_power(final)
        if then is not None:
            then(machine)
        platform.operations.succeed(operation)

    kinds = {"start": "start", "powerOff": "power_off", "deallocate": "deallocate", "restart": "restart"}
    platform.clock.call_in(platform.dice.draw(kinds[kind]), end)
    return operation


def _booted(machine: Machine) -> None:
    machine.guest.boot()
    machine.write_boot()
    machine.agent, machine.action_operation = "notReady", None
    boot = machine.boot_number

    def ready() -> None:
        if machine.boot_number == boot and machine.power == "running" and machine.spec.agent_ready:
            machine.make_agent_ready()

    machine.platform.clock.call_in(machine.platform.dice.draw("agent_start"), ready)


def _host_given_back(machine: Machine) -> None:
    machine.agent = None
