"""The action form of Run Command: one at a time, no cancel, and it hangs when its script kills the agent."""

import shlex
from typing import Any

from workbench.arm_simulator.errors import (
    entity_not_found,
    operation_not_allowed,
    requires_running,
    run_command_busy,
)
from workbench.arm_simulator.guests.model import Outcome
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.managed_run_commands import fail_for_agent, script_of
from workbench.arm_simulator.operations import Fate, Operation
from workbench.arm_simulator.power import DELETING
from workbench.arm_simulator.run_command_record import tail
from workbench.arm_simulator.scripts import ScriptHooks, deliver

_COMMANDS = {"Linux": "RunShellScript", "Windows": "RunPowerShellScript"}
_TIMEOUT = 5400.0


def begin(machine: Machine, body: dict[str, Any], fate: Fate | None) -> Operation:
    """Accept it, or refuse: unknown command, machine off, generalized, or another one in progress."""
    command = body["commandId"]
    if command.lower() != _COMMANDS[machine.spec.os].lower():
        raise entity_not_found()
    _refuse(machine)
    operation = machine.platform.operations.begin("runCommand", machine.id, machine.spec.location, fate)
    machine.action_operation = operation
    operations = machine.platform.operations

    def free() -> None:
        if machine.action_operation is operation:
            machine.action_operation = None

    def wanted() -> bool:
        return operation.status == "InProgress"

    def done(outcome: Outcome) -> None:
        free()
        operations.succeed(operation, {"value": result(machine, outcome)})

    if fate is not None:
        _end_as_told(machine, operation, fate)
        return operation
    # The agent that never reports keeps the place: every later call gets 409 until the machine starts again.
    hooks = ScriptHooks(wanted, lambda: None, done, done, lambda started: fail_for_agent(machine, operation, started))
    script, parameters = _script(machine, body)
    deliver(machine, script, parameters, _TIMEOUT, hooks)
    return operation


def result(machine: Machine, outcome: Outcome) -> list[dict[str, Any]]:
    """The `value` of a result: one entry on Linux, two on Windows. A script's failure is not seen in it."""
    if machine.spec.os == "Linux":
        message = f"Enable succeeded: \n[stdout]\n{tail(outcome.stdout)}\n[stderr]\n{tail(outcome.stderr)}\n"
        return [_status("ProvisioningState/succeeded", message)]
    out, error = tail(outcome.stdout), tail(outcome.stderr)
    return [_status("ComponentStatus/StdOut/succeeded", out), _status("ComponentStatus/StdErr/succeeded", error)]


def _status(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def _refuse(machine: Machine) -> None:
    if machine.deleting:
        raise operation_not_allowed("runCommand", machine.name, DELETING)
    if machine.generalized:
        raise operation_not_allowed("runCommand", machine.name, "the VM is generalized")
    if machine.goal != "running":
        raise requires_running()
    if machine.action_operation is not None:
        raise run_command_busy()


def _script(machine: Machine, body: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The text and its named parameters. On Linux the action form gives values by position."""
    given: list[dict[str, str]] = body.get("parameters") or []
    text = "\n".join(body.get("script") or []) or script_of({"commandId": body["commandId"]})
    if machine.spec.os == "Windows":
        return text, {entry["name"]: entry["value"] for entry in given}
    values = f"set -- {' '.join(shlex.quote(entry['value']) for entry in given)}\n" if given else ""
    first, newline, rest = text.partition("\n")
    return (f"{first}{newline}{values}{rest}" if first.startswith("#!") else f"{values}{text}"), {}


def _end_as_told(machine: Machine, operation: Operation, fate: Fate) -> None:
    def end() -> None:
        if fate.ends == "fails" and operation.status == "InProgress":
            machine.action_operation = None
            machine.platform.operations.fail(operation, fate.code, fate.message)

    machine.platform.clock.call_in(machine.platform.dice.draw("script_report"), end)
