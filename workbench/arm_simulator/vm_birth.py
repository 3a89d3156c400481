"""A new machine's first minutes: allocation, first boot, provisioning, and the agent."""

from collections.abc import Mapping

from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.operations import Fate, Operation

#: The platform gives up on a first boot that reports nothing.
PROVISIONING_TIMEOUT = 20 * 60.0


def begin_birth(machine: Machine, told: Mapping[str, str | None] | None, fate: Fate | None) -> Operation:
    """Follow the creation. `told` is what provisioning gets (host, user, key); None when there is none."""
    platform = machine.platform
    operation = platform.operations.begin("write", machine.id, machine.spec.location, fate)
    machine.creation, machine.provisioning, machine.power = operation, told, "starting"
    # Nothing has booted yet, and an event of this boot must not meet an earlier one.
    machine.boot_number = 0

    def allocated() -> None:
        if not _goes_on(machine, operation) or (fate is not None and fate.ends == "never"):
            return
        if fate is not None:
            machine.set_power("stopped")
            machine.goal = "stopped"
            _fail(machine, operation, fate.code, fate.message)
            return
        _boot(machine, told)
        if told is None:
            _succeed(machine, operation)
        elif machine.guest_boots == "neverProvisions":
            platform.clock.call_in(PROVISIONING_TIMEOUT, lambda: _give_up(machine, operation))
        else:
            platform.clock.call_in(platform.dice.draw("first_boot"), lambda: _succeed(machine, operation))

    platform.clock.call_in(platform.dice.draw("vm_create"), allocated)
    return operation


def _goes_on(machine: Machine, operation: Operation) -> bool:
    return machine.creation is operation and not machine.deleting


def _boot(machine: Machine, told: Mapping[str, str | None] | None) -> None:
    platform = machine.platform
    machine.boot_number = 1
    machine.set_power("running")
    stuck = told is not None and machine.guest_boots == "neverProvisions"
    if told is not None and not stuck:
        machine.guest.set_clock(platform.clock.now())
        machine.guest.provision(told["host"] or machine.name, told["user"], key=told["key"], rng=platform.rng)
    machine.write_boot()
    machine.agent = "notReady"

    def ready() -> None:
        if machine.boot_number == 1 and machine.power == "running" and machine.spec.agent_ready and not stuck:
            machine.make_agent_ready()

    platform.clock.call_in(platform.dice.draw("agent_start"), ready)


def _succeed(machine: Machine, operation: Operation) -> None:
    if _goes_on(machine, operation):
        machine.creation, machine.provisioning_state = None, "Succeeded"
        machine.platform.operations.succeed(operation)


def _give_up(machine: Machine, operation: Operation) -> None:
    if _goes_on(machine, operation):
        message = (
            f"OS Provisioning for VM '{machine.name}' did not finish in the allotted time. The VM may still finish "
            "provisioning successfully. Please check provisioning state later."
        )
        _fail(machine, operation, "OSProvisioningTimedOut", message)


def _fail(machine: Machine, operation: Operation, code: str, message: str) -> None:
    machine.creation, machine.provisioning_state = None, "Failed"
    machine.platform.operations.fail(operation, code, message)
