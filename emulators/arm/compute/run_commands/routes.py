"""Run Command, in its managed form and as an action."""

from typing import Any

from emulators.arm.compute.run_commands import action as action_run_command
from emulators.arm.compute.run_commands import managed as managed_run_commands
from emulators.arm.compute.run_commands.schemas import RUN_COMMAND, RUN_COMMAND_INPUT
from emulators.arm.compute.vms.routes import VM
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import (
    ArmError,
    bad_request,
    invalid_parameter,
    missing_parameter,
    parent_not_found,
    resource_not_found,
)
from emulators.arm.http.api import Answer, Call, Route

_ACTION = "Microsoft.Compute/virtualMachines/runCommands"
_PATH = f"{VM}/runCommands"


def _parent(call: Call, operation: str) -> Vm:
    try:
        return call.vm
    except ArmError as error:
        if error.code != "ResourceNotFound":
            raise
        parent = call.path.lower().partition("/runcommands")[0]
        raise parent_not_found(operation, "virtualMachines/runCommands", parent) from None


async def put(call: Call) -> Answer:
    """Create (201) or update and run again (200)."""
    _check(call.body["properties"])
    vm = _parent(call, "write")
    record, created = managed_run_commands.put(vm, call.names["name"], dict(call.body), call.fate)
    body = record.body(with_instance_view=False)
    return Answer(201 if created else 200, body, operation=record.operation, with_location=False)


def _check(properties: dict[str, Any]) -> None:
    source = properties["source"]
    given = [name for name in ("script", "commandId") if source.get(name)]
    if not given:
        raise missing_parameter("properties.source.script")
    if len(given) > 1:
        raise bad_request("Only one of script, scriptUri and commandId may be set.", "properties.source")
    timeout = properties.get("timeoutInSeconds", 0)
    if timeout < 0:
        message = "timeoutInSeconds must not be negative."
        raise invalid_parameter("properties.timeoutInSeconds", message)
    names = [entry["name"] for entry in properties.get("parameters", [])]
    if len({name.lower() for name in names}) != len(names):
        raise invalid_parameter("properties.parameters", "A parameter name is used twice.")


async def get(call: Call) -> Answer:
    """The resource; with `$expand=instanceView` also the progress of the script."""
    vm, name = _parent(call, "read"), call.names["name"]
    record = vm.run_commands.get(name.lower())
    if record is None:
        missing = f"Microsoft.Compute/virtualMachines/{vm.name}/runCommands/{name}"
        raise resource_not_found(missing, call.names["group"])
    return Answer(200, record.body("instanceview" in call.expand("instanceView")))


async def list_all(call: Call) -> Answer:
    """All run commands of a VM."""
    with_view = "instanceview" in call.expand("instanceView")
    records = _parent(call, "read").run_commands.values()
    return Answer(200, {"value": [record.body(with_view) for record in records]})


async def delete(call: Call) -> Answer:
    """Delete it and stop its running script; 204 when it does not exist."""
    operation = managed_run_commands.remove(_parent(call, "delete"), call.names["name"], call.fate)
    return Answer(204) if operation is None else Answer(202, operation=operation)


async def act(call: Call) -> Answer:
    """Run a script now; only one at a time."""
    return Answer(202, operation=action_run_command.begin(call.vm, dict(call.body), call.fate))


ROUTES = (
    Route(
        "POST", f"{VM}/runCommand", "virtualMachines.runCommand",
        "Microsoft.Compute/virtualMachines/runCommand/action", act, "UpdateVM", body=RUN_COMMAND_INPUT,
    ),
    Route("GET", _PATH, "runCommands.list", f"{_ACTION}/read", list_all, "LowCostGet", ("$expand",)),
    Route("GET", f"{_PATH}/{{name}}", "runCommands.get", f"{_ACTION}/read", get, "LowCostGet", ("$expand",)),
    Route("PUT", f"{_PATH}/{{name}}", "runCommands.put", f"{_ACTION}/write", put, "UpdateVM", body=RUN_COMMAND),
    Route("DELETE", f"{_PATH}/{{name}}", "runCommands.delete", f"{_ACTION}/delete", delete, "UpdateVM"),
)  # fmt: skip
