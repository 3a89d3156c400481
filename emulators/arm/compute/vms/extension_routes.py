"""Extensions of a VM: list, read and delete."""

from emulators.arm.compute.vms.extensions import KIND, remove
from emulators.arm.compute.vms.routes import VM
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import parent_not_found, resource_not_found
from emulators.arm.http.api import Answer, Call, Route

_PATH = f"{VM}/extensions"


def _parent(call: Call, verb: str) -> Vm:
    call.require_group()
    vm_id = call.resource_id.partition("/extensions")[0]
    vm = call.world.vms.get(vm_id.lower())
    if vm is None:
        raise parent_not_found(verb, "virtualMachines/extensions", vm_id)
    return vm


async def list_all(call: Call) -> Answer:
    """The extensions of a VM."""
    with_view = "instanceview" in call.expand("instanceView")
    return Answer(200, {"value": [held.body(with_view) for held in _parent(call, "read").extensions.values()]})


async def get(call: Call) -> Answer:
    """One extension; with `$expand=instanceView` also its status."""
    vm, name = _parent(call, "read"), call.names["name"]
    extension = vm.extensions.get(name.lower())
    if extension is None:
        raise resource_not_found(f"Microsoft.Compute/virtualMachines/{vm.name}/extensions/{name}", call.names["group"])
    return Answer(200, extension.body("instanceview" in call.expand("instanceView")))


async def delete(call: Call) -> Answer:
    """Delete it; 204 when it does not exist."""
    operation = remove(_parent(call, "delete"), call.names["name"], call.fate)
    return Answer(204) if operation is None else Answer(202, operation=operation)


_ONE = f"{_PATH}/{{name}}"
ROUTES = (
    Route("GET", _PATH, "extensions.list", f"{KIND}/read", list_all, "LowCostGet", ("$expand",)),
    Route("GET", _ONE, "extensions.get", f"{KIND}/read", get, "LowCostGet", ("$expand",)),
    Route("DELETE", _ONE, "extensions.delete", f"{KIND}/delete", delete, "UpdateVM"),
)
