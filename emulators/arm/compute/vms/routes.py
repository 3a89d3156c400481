"""Virtual machines: create, read, list, tag, delete, power, generalize, boot diagnostics."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from emulators.arm.compute.vms import creation, deletion, power
from emulators.arm.compute.vms.instance_view import instance_view, shown_with
from emulators.arm.compute.vms.schemas import VIRTUAL_MACHINE, VM_UPDATE
from emulators.arm.compute.vms.views import vm_model, vm_status_item
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import invalid_parameter, not_allowed
from emulators.arm.http.api import Answer, Call, Handler, Route
from emulators.arm.http.paging import page
from emulators.arm.http.schemas import NO_BODY
from emulators.arm.state.ids import is_within
from emulators.arm.state.operations import Fate, Operation

_SUBSCRIPTION = "/subscriptions/{subscription}"
_LIST = "/providers/Microsoft.Compute/virtualMachines"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
VM = f"{_GROUP}{_LIST}/{{vm}}"
_ACTION = "Microsoft.Compute/virtualMachines"


async def get(call: Call) -> Answer:
    """The model; with `$expand=instanceView` also the instance view."""
    vm = call.vm
    expand = call.expand("instanceView", "userData", "resiliencyView")
    model = vm_model(vm, expand)
    if "instanceview" in expand:
        model["properties"]["instanceView"] = shown_with(call.fault_kinds, model["properties"]["instanceView"])
    return Answer(200, model, {"ETag": '"2"'})


async def get_instance_view(call: Call) -> Answer:
    """The instance view."""
    return Answer(200, shown_with(call.fault_kinds, instance_view(call.vm)))


async def list_all(call: Call) -> Answer:
    """VMs of a resource group or a subscription; with `statusOnly=true` their statuses instead of their models."""
    scope, role, now = call.scope, call.world.role, call.world.clock.now()
    # Without a filter, instanceView cannot be expanded in a list.
    call.expand()
    found = [
        vm
        for vm in call.world.vms.values()
        if is_within(vm.id, scope) and vm.listed_from <= now and role.allows(f"{_ACTION}/read", vm.id)
    ]
    show: Callable[[Vm], dict[str, Any]] = vm_status_item if call.flag("statusOnly") else vm_model

    def coloured(vm: Vm) -> dict[str, Any]:
        item = show(vm)
        if "instanceView" in item["properties"]:
            item["properties"]["instanceView"] = shown_with(call.fault_kinds, item["properties"]["instanceView"])
        return item

    return page(call, found, coloured)


async def put(call: Call) -> Answer:
    """Create (201), or accept the same PUT again (200)."""
    call.require_group()
    vm, operation, created = creation.put(call.world, call.resource_id, call.body, call.fate)
    headers = {"azure-asyncnotification": "Enabled"}
    return Answer(201 if created else 200, vm_model(vm), headers, operation, with_location=False)


async def update(call: Call) -> Answer:
    """Change the tags; other properties cannot be changed here."""
    vm = call.vm
    if vm.deleting:
        raise power.operation_not_allowed("update", vm.name, power.DELETING)
    if "tags" in call.body:
        vm.tags = dict(call.body["tags"])
    operation = vm.platform.operations.begin("update", vm.id, vm.spec.location, call.fate)
    vm.platform.operations.settle(operation)
    return Answer(200, vm_model(vm), operation=operation, with_location=False)


async def delete(call: Call) -> Answer:
    """Delete it; 204 when it does not exist."""
    call.flag("forceDeletion")
    call.require_group()
    vm = call.world.vms.get(call.path.lower().rstrip("/"))
    if vm is None:
        return Answer(204)
    operation = deletion.delete(call.world, vm, call.fate)
    return Answer(202, None, {"azure-asyncnotification": "Enabled"}, operation)


async def generalize(call: Call) -> Answer:
    """Mark it generalized; returns at once."""
    power.generalize(call.vm)
    return Answer(200)


def _power(change: Callable[[Vm, Fate | None], Operation], *flags: str) -> Handler:
    async def handle(call: Call) -> Answer:
        asked = [name for name in flags if call.flag(name)]
        if "hibernate" in asked:
            return Answer(202, operation=power.hibernate(call.vm, call.fate))
        return Answer(202, operation=change(call.vm, call.fate))

    return handle


async def boot_diagnostics(call: Call) -> Answer:
    """SAS URLs of the console screenshot and the serial log, valid for 120 minutes or as requested (1 to 1,440)."""
    vm = call.vm
    given = call.query.get("sasuriexpirationtimeinminutes", "120")
    if not given.isdigit() or not 1 <= int(given) <= 1440:
        message = "sasUriExpirationTimeInMinutes must be a whole number between 1 and 1440."
        raise invalid_parameter("sasUriExpirationTimeInMinutes", message)
    if not vm.spec.boot_diagnostics:
        raise not_allowed(f"Boot diagnostics is not enabled on VM '{vm.name}'. Enable it, then try again.")
    expires = call.world.clock.now() + timedelta(minutes=int(given))

    def address(blob: str) -> str:
        path = f"/bootdiagnostics-{vm.name.lower()}-{vm.vm_id}/{vm.name}.{vm.vm_id}.{blob}"
        return f"{call.endpoint}{quote(path)}?{call.world.signer.blob_query(path, expires)}"

    names = ("consoleScreenshotBlobUri", "screenshot.bmp"), ("serialConsoleLogBlobUri", "serialconsole.log")
    return Answer(200, {name: address(blob) for name, blob in names})


def _post(verb: str, handler: Handler, policy: str, *queries: str) -> Route:
    action = f"{_ACTION}/{verb}/action"
    return Route("POST", f"{VM}/{verb}", f"virtualMachines.{verb}", action, handler, policy, queries, NO_BODY)


_READ = f"{_ACTION}/read"

ROUTES = (
    Route("GET", VM, "virtualMachines.get", _READ, get, "LowCostGet", ("$expand",)),
    Route(
        "GET", f"{VM}/instanceView", "virtualMachines.instanceView", f"{_ACTION}/instanceView/read",
        get_instance_view, "LowCostGet",
    ),
    Route(
        "GET", f"{_GROUP}{_LIST}", "virtualMachines.list", _READ, list_all, "HighCostGet",
        ("$filter", "$expand", "$skiptoken"), filtered=True,
    ),
    Route(
        "GET", f"{_SUBSCRIPTION}{_LIST}", "virtualMachines.listAll", _READ, list_all, "HighCostGet",
        ("statusonly", "$filter", "$expand", "$skiptoken"), filtered=True,
    ),
    Route("PUT", VM, "virtualMachines.createOrUpdate", f"{_ACTION}/write", put, "PutVM", body=VIRTUAL_MACHINE),
    Route("PATCH", VM, "virtualMachines.update", f"{_ACTION}/write", update, "UpdateVM", body=VM_UPDATE),
    Route("DELETE", VM, "virtualMachines.delete", f"{_ACTION}/delete", delete, "DeleteVM", ("forcedeletion",)),
    _post("start", _power(power.start), "UpdateVM"),
    _post("restart", _power(power.restart), "UpdateVM"),
    _post("powerOff", _power(power.power_off, "skipShutdown"), "UpdateVM", "skipshutdown"),
    _post(
        "deallocate", _power(power.deallocate, "hibernate", "forceDeallocate"), "DeleteVM",
        "hibernate", "forcedeallocate",
    ),
    _post("generalize", generalize, "UpdateVM"),
    _post("retrieveBootDiagnosticsData", boot_diagnostics, "LowCostGet", "sasuriexpirationtimeinminutes"),
)  # fmt: skip
