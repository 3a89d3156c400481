"""Managed run commands: PUT by name, followed by reading the resource, deleted only while the machine runs."""

from typing import Any

from workbench.arm_simulator.errors import extensions_need_running, not_allowed, operation_not_allowed
from workbench.arm_simulator.guests.model import Outcome
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.operations import Fate, Operation
from workbench.arm_simulator.power import DELETING
from workbench.arm_simulator.run_command_record import RunCommandRecord, tail
from workbench.arm_simulator.scripts import ScriptHooks, deliver

MOST_PER_MACHINE = 25
_SAMPLE = {
    "RunShellScript": "echo 'This is a sample script'",
    "RunPowerShellScript": "Write-Output 'This is a sample script'",
}


def put(machine: Machine, name: str, body: dict[str, Any], fate: Fate | None) -> tuple[RunCommandRecord, bool]:
    """Create it (True), or update it and run it again (False)."""
    _refuse(machine, "runCommands")
    known = machine.run_commands.get(name.lower())
    if known is None and len(machine.run_commands) >= MOST_PER_MACHINE:
        raise not_allowed(f"The VM '{machine.name}' already has the maximum of {MOST_PER_MACHINE} run commands.")
    properties = dict(body["properties"])
    secret = properties.pop("protectedParameters", [])
    properties.pop("runAsPassword", None)
    given = [*properties.get("parameters", []), *secret]
    record = RunCommandRecord(
        id=f"{machine.id}/runCommands/{name}",
        name=known.name if known else name,
        location=body["location"],
        tags=dict(body.get("tags") or (known.tags if known else {})),
        properties=properties,
        given={entry["name"]: entry["value"] for entry in given},
        attempt=known.attempt + 1 if known else 1,
        provisioning_state="Updating" if known else "Creating",
    )
    operation = machine.platform.operations.begin("runCommands", machine.id, machine.spec.location, fate)
    record.operation = operation
    machine.run_commands[name.lower()] = record
    machine.agent_came_up = run_standing
    _run(machine, record, operation)
    return record, known is None


def remove(machine: Machine, name: str, fate: Fate | None) -> Operation | None:
    """Delete it, ending a script that runs; None when there is none of this name."""
    record = machine.run_commands.get(name.lower())
    if record is None:
        return None
    _refuse(machine, "runCommands")
    operations = machine.platform.operations
    operation = operations.begin("runCommandsDelete", machine.id, machine.spec.location, fate)
    record.provisioning_state = "Deleting"

    def end() -> None:
        if fate is not None:
            record.provisioning_state = "Failed"
            if fate.ends == "fails":
                operations.fail(operation, fate.code, fate.message)
            return
        if machine.run_commands.get(name.lower()) is record:
            del machine.run_commands[name.lower()]
            if record.operation is not None:
                operations.preempt(record.operation)
        operations.succeed(operation)

    machine.platform.clock.call_in(machine.platform.dice.draw("script_removal"), end)
    return operation


def _refuse(machine: Machine, operation: str) -> None:
    if machine.deleting:
        raise operation_not_allowed(operation, machine.name, DELETING)
    if machine.generalized:
        raise operation_not_allowed(operation, machine.name, "the VM is generalized")
    if machine.power != "running":
        raise extensions_need_running()


def run_standing(machine: Machine) -> None:
    """The agent came up after a boot: it runs every standing command that it does not remember to have run.

    That is one that never reached it, and, after waagent removed its state, each one that it ran.
    """
    remembers = machine.guest.remembers_scripts()
    for record in machine.run_commands.values():
        operation = record.operation
        if operation is None or operation.fate is not None or record.provisioning_state == "Deleting":
            continue
        if record.started is None or not remembers:
            _deliver(machine, record, operation)


def script_of(source: dict[str, Any]) -> str:
    """The text to run: given, or built in."""
    return source.get("script") or _SAMPLE.get(source.get("commandId", ""), "")


def _deliver(machine: Machine, record: RunCommandRecord, operation: Operation) -> None:
    record.deliveries += 1
    hooks = _Following(machine, record, operation).hooks()
    deliver(machine, script_of(record.properties["source"]), record.given, record.timeout, hooks)


def _run(machine: Machine, record: RunCommandRecord, operation: Operation) -> None:
    fate = operation.fate
    if fate is None:
        _deliver(machine, record, operation)
        return

    def end() -> None:
        if fate.ends == "fails" and machine.run_commands.get(record.name.lower()) is record:
            record.provisioning_state = "Failed"
            record.execution_state = "Failed"
            machine.platform.operations.fail(operation, fate.code, fate.message)

    machine.platform.clock.call_in(machine.platform.dice.draw("script_report"), end)


class _Following:
    """Writes into the record what happens to its script."""

    def __init__(self, machine: Machine, record: RunCommandRecord, operation: Operation) -> None:
        self._machine = machine
        self._record = record
        self._operation = operation
        self._operations = machine.platform.operations
        self._clock = machine.platform.clock
        self._delivery = record.deliveries

    def hooks(self) -> ScriptHooks:
        return ScriptHooks(self.is_current, self._started, self._reported, self._timed_out, self._lost)

    def is_current(self) -> bool:
        """A later PUT or DELETE of the same name, or a later delivery, makes this one history."""
        standing = self._machine.run_commands.get(self._record.name.lower())
        return standing is self._record and self._record.deliveries == self._delivery

    def _started(self) -> None:
        self._record.execution_state = "Running"
        self._record.started, self._record.ended = self._clock.now(), None
        if self._record.properties.get("asyncExecution"):
            self._record.provisioning_state = "Succeeded"
            self._operations.succeed(self._operation)

    def _reported(self, outcome: Outcome) -> None:
        record = self._record
        record.execution_state = "Succeeded" if outcome.exit_code == 0 else "Failed"
        self._end(outcome)
        strict = bool(record.properties.get("treatFailureAsDeploymentFailure"))
        if record.execution_state == "Failed" and strict:
            record.provisioning_state = "Failed"
            message = f"VM has reported a failure when processing extension '{record.name}'."
            self._operations.fail(self._operation, "VMExtensionProvisioningError", message)
            return
        record.provisioning_state = "Succeeded"
        self._operations.succeed(self._operation)

    def _timed_out(self, outcome: Outcome) -> None:
        self._record.execution_state = "TimedOut"
        self._record.execution_message = "Execution has timed out."
        self._end(Outcome(-1, outcome.stdout, outcome.stderr))
        self._record.provisioning_state = "Succeeded"
        self._operations.succeed(self._operation)

    def _end(self, outcome: Outcome) -> None:
        record = self._record
        record.exit_code, record.ended = outcome.exit_code, self._clock.now()
        record.output, record.error = tail(outcome.stdout), tail(outcome.stderr)

    def _lost(self, started: bool) -> None:
        """The platform gives up on the agent. What the script last said of itself stays as it was."""
        if self._operation.status != "InProgress":
            return
        self._record.provisioning_state = "Failed"
        fail_for_agent(self._machine, self._operation, started)


def fail_for_agent(machine: Machine, operation: Operation, started: bool) -> None:
    """End an operation because the agent never reported (`started`), or never took the script."""
    if started:
        extension = "RunCommandLinux" if machine.spec.os == "Linux" else "RunCommandWindows"
        code = "VMExtensionProvisioningTimeout"
        message = (
            f"Provisioning of VM extension '{extension}' has timed out. Extension installation may be taking too "
            "long, or extension status could not be obtained."
        )
    else:
        code = "VMAgentStatusCommunicationError"
        message = (
            f"VM '{machine.name}' has not reported status for VM agent or extensions. Please verify the VM has a "
            "running VM agent, and can establish outbound connections to Azure storage."
        )
    machine.platform.operations.fail(operation, code, message)
