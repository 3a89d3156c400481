"""The action form of Run Command: one at a time, no cancel, and no report when its script stops the agent."""

import shlex
from typing import Any

from emulators.arm.compute.run_commands.managed import fail_for_agent, script_of
from emulators.arm.compute.run_commands.record import tail
from emulators.arm.compute.run_commands.scripts import ScriptHooks, deliver
from emulators.arm.compute.vms.power import DELETING
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import entity_not_found, operation_not_allowed, requires_running, run_command_busy
from emulators.arm.guests.model import Outcome
from emulators.arm.state.operations import Fate, Operation

_COMMANDS = {"Linux": "RunShellScript", "Windows": "RunPowerShellScript"}
_TIMEOUT = 5400.0


def begin(vm: Vm, body: dict[str, Any], fate: Fate | None) -> Operation:
    """Accept the command, or refuse it: unknown command, VM off or generalized, or another command in progress."""
    command = body["commandId"]
    if command.lower() != _COMMANDS[vm.spec.os].lower():
        raise entity_not_found()
    _refuse(vm)
    operation = vm.platform.operations.begin("runCommand", vm.id, vm.spec.location, fate)
    vm.action_operation = operation
    operations = vm.platform.operations

    def free() -> None:
        if vm.action_operation is operation:
            vm.action_operation = None

    def wanted() -> bool:
        return operation.status == "InProgress"

    def done(outcome: Outcome) -> None:
        free()
        operations.succeed(operation, {"value": result(vm, outcome)})

    if fate is not None:
        _end_as_reported(vm, operation, fate)
        return operation
    # While the agent does not report, the command stays in progress: later calls get 409 until the VM starts again.
    hooks = ScriptHooks(wanted, lambda: None, done, done, lambda started: fail_for_agent(vm, operation, started))
    script, parameters = _script(vm, body)
    deliver(vm, script, parameters, _TIMEOUT, hooks)
    return operation


def result(vm: Vm, outcome: Outcome) -> list[dict[str, Any]]:
    """The `value` of a result: one entry on Linux, two on Windows. It does not show whether the script failed."""
    if vm.spec.os == "Linux":
        message = f"Enable succeeded: \n[stdout]\n{tail(outcome.stdout)}\n[stderr]\n{tail(outcome.stderr)}\n"
        return [_status("ProvisioningState/succeeded", message)]
    out, error = tail(outcome.stdout), tail(outcome.stderr)
    return [_status("ComponentStatus/StdOut/succeeded", out), _status("ComponentStatus/StdErr/succeeded", error)]


def _status(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}


def _refuse(vm: Vm) -> None:
    if vm.deleting:
        raise operation_not_allowed("runCommand", vm.name, DELETING)
    if vm.generalized:
        raise operation_not_allowed("runCommand", vm.name, "the VM is generalized")
    if vm.goal != "running":
        raise requires_running()
    if vm.action_operation is not None:
        raise run_command_busy()


def _script(vm: Vm, body: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The text and its named parameters. On Linux the action form passes the values by position."""
    given: list[dict[str, str]] = body.get("parameters") or []
    text = "\n".join(body.get("script") or []) or script_of({"commandId": body["commandId"]})
    if vm.spec.os == "Windows":
        return text, {entry["name"]: entry["value"] for entry in given}
    values = f"set -- {' '.join(shlex.quote(entry['value']) for entry in given)}\n" if given else ""
    first, newline, rest = text.partition("\n")
    return (f"{first}{newline}{values}{rest}" if first.startswith("#!") else f"{values}{text}"), {}


def _end_as_reported(vm: Vm, operation: Operation, fate: Fate) -> None:
    def end() -> None:
        if fate.ends == "fails" and operation.status == "InProgress":
            vm.action_operation = None
            vm.platform.operations.fail(operation, fate.code, fate.message)

    vm.platform.clock.call_in(vm.platform.dice.draw("script_report"), end)
