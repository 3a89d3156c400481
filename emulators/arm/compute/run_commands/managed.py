"""Managed run commands: PUT by name, poll by reading the resource, delete only while the VM runs."""

from typing import Any

from emulators.arm.compute.run_commands.record import RunCommandRecord, tail
from emulators.arm.compute.run_commands.scripts import ScriptHooks, deliver
from emulators.arm.compute.vms.extensions import check_changeable
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import not_allowed
from emulators.arm.guests.model import Outcome
from emulators.arm.state.durations import PLATFORM_TIMEOUT
from emulators.arm.state.operations import Fate, Operation

MOST_PER_VM = 25
_SAMPLE = {
    "RunShellScript": "echo 'This is a sample script'",
    "RunPowerShellScript": "Write-Output 'This is a sample script'",
}


def put(vm: Vm, name: str, body: dict[str, Any], fate: Fate | None) -> tuple[RunCommandRecord, bool]:
    """Create it (True), or update it and run it again (False)."""
    check_changeable(vm, "runCommands")
    known = vm.run_commands.get(name.lower())
    if known is None and len(vm.run_commands) >= MOST_PER_VM:
        raise not_allowed(f"The VM '{vm.name}' already has the maximum of {MOST_PER_VM} run commands.")
    properties = dict(body["properties"])
    secret = properties.pop("protectedParameters", [])
    properties.pop("runAsPassword", None)
    given = [*properties.get("parameters", []), *secret]
    record = RunCommandRecord(
        id=f"{vm.id}/runCommands/{name}",
        name=known.name if known else name,
        location=body["location"],
        tags=dict(body.get("tags") or (known.tags if known else {})),
        properties=properties,
        given={entry["name"]: entry["value"] for entry in given},
        provisioning_state="Updating" if known else "Creating",
    )
    operation = vm.platform.operations.begin("runCommands", vm.id, vm.spec.location, fate)
    record.operation = operation
    vm.run_commands[name.lower()] = record
    vm.agent_came_up = run_standing
    _run(vm, record, operation)
    return record, known is None


def remove(vm: Vm, name: str, fate: Fate | None) -> Operation | None:
    """Delete it and stop its running script; None when there is none with this name."""
    record = vm.run_commands.get(name.lower())
    if record is None:
        return None
    check_changeable(vm, "runCommands")
    operations = vm.platform.operations
    operation = operations.begin("runCommandsDelete", vm.id, vm.spec.location, fate)
    record.provisioning_state = "Deleting"

    def end() -> None:
        if fate is not None:
            record.provisioning_state = "Failed"
        elif vm.run_commands.get(name.lower()) is record:
            del vm.run_commands[name.lower()]
            if record.operation is not None:
                operations.preempt(record.operation)
        operations.settle(operation)

    vm.platform.clock.call_in(vm.platform.dice.draw("script_removal"), end)
    return operation


def run_standing(vm: Vm) -> None:
    """The agent started after a boot: it runs every existing command that is not in its history.

    These are commands that it never received and, after waagent removed its state, all that it ran before.
    """
    remembers = vm.guest.remembers_scripts()
    for record in vm.run_commands.values():
        operation = record.operation
        if operation is None or operation.fate is not None or record.provisioning_state == "Deleting":
            continue
        if record.started is None or not remembers:
            _deliver(vm, record, operation)


def script_of(source: dict[str, Any]) -> str:
    """The script to run: from the request, or built in."""
    return source.get("script") or _SAMPLE.get(source.get("commandId", ""), "")


def _deliver(vm: Vm, record: RunCommandRecord, operation: Operation) -> None:
    record.deliveries += 1
    hooks = _Following(vm, record, operation).hooks()
    if vm.spec.architecture == "Arm64" and vm.spec.linux.arm64_run_commands == "neverReport":
        # The extension that runs it has no program for this architecture.
        vm.platform.clock.call_in(PLATFORM_TIMEOUT, lambda: hooks.lost(True) if hooks.wanted() else None)
        return
    deliver(vm, script_of(record.properties["source"]), record.given, record.timeout, hooks)


def _run(vm: Vm, record: RunCommandRecord, operation: Operation) -> None:
    fate = operation.fate
    if fate is None:
        _deliver(vm, record, operation)
        return

    def end() -> None:
        if fate.ends == "fails" and vm.run_commands.get(record.name.lower()) is record:
            record.provisioning_state = "Failed"
            record.execution_state = "Failed"
            vm.platform.operations.fail(operation, fate.code, fate.message)

    vm.platform.clock.call_in(vm.platform.dice.draw("script_report"), end)


class _Following:
    """Records the progress of its script."""

    def __init__(self, vm: Vm, record: RunCommandRecord, operation: Operation) -> None:
        self._vm = vm
        self._record = record
        self._operation = operation
        self._operations = vm.platform.operations
        self._clock = vm.platform.clock
        self._delivery = record.deliveries

    def hooks(self) -> ScriptHooks:
        return ScriptHooks(self.is_current, self._started, self._reported, self._timed_out, self._lost)

    def is_current(self) -> bool:
        """Whether a later PUT, DELETE or delivery of the same name has replaced this one."""
        standing = self._vm.run_commands.get(self._record.name.lower())
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
        """The platform stops waiting for the agent. The last status of the script stays."""
        if self._operation.status != "InProgress":
            return
        self._record.provisioning_state = "Failed"
        fail_for_agent(self._vm, self._operation, started)


def fail_for_agent(vm: Vm, operation: Operation, started: bool) -> None:
    """End an operation because the agent never reported (`started`), or never received the script."""
    if started:
        extension = "RunCommandLinux" if vm.spec.os == "Linux" else "RunCommandWindows"
        code = "VMExtensionProvisioningTimeout"
        message = (
            f"Provisioning of VM extension '{extension}' has timed out. Extension installation may be taking too "
            "long, or extension status could not be obtained."
        )
    else:
        code = "VMAgentStatusCommunicationError"
        message = (
            f"VM '{vm.name}' has not reported status for VM agent or extensions. Please verify the VM has a "
            "running VM agent, and can establish outbound connections to Azure storage."
        )
    vm.platform.operations.fail(operation, code, message)
