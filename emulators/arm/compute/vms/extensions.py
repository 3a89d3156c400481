"""Extensions of a VM: installed by a policy or with the fleet, read back, and deleted while the VM runs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from emulators.arm.compute.vms.specs import ExtensionSpec
from emulators.arm.errors import extensions_need_running, operation_not_allowed
from emulators.arm.state.operations import Fate, Operation

if TYPE_CHECKING:
    from emulators.arm.compute.vms.vm import Vm

KIND = "Microsoft.Compute/virtualMachines/extensions"
DELETING = (
    "the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete)"
)
#: The platform gives up on an agent that never takes the order.
NO_AGENT_AFTER = 600.0
type ExtensionState = Literal["Creating", "Succeeded", "Failed", "Deleting"]


@dataclass
class Extension:
    """One extension of a VM."""

    vm_id: str
    location: str
    spec: ExtensionSpec
    created: datetime
    state: ExtensionState
    tags: dict[str, str] = field(default_factory=dict[str, str])
    operation: Operation | None = None

    @property
    def name(self) -> str:
        """The name on its VM."""
        return self.spec.name

    def body(self, with_view: bool = False) -> dict[str, Any]:
        """The resource as GET returns it."""
        spec = self.spec
        properties: dict[str, Any] = {
            "autoUpgradeMinorVersion": True,
            "provisioningState": self.state,
            "publisher": spec.publisher,
            "type": spec.type,
            "typeHandlerVersion": spec.version,
            "settings": dict(spec.settings),
        }
        if with_view:
            properties["instanceView"] = self.view()
        extension_id = f"{self.vm_id}/extensions/{self.name}"
        shown = {"name": self.name, "id": extension_id, "type": KIND, "location": self.location}
        return {**shown, **({"tags": dict(self.tags)} if self.tags else {}), "properties": properties}

    def view(self) -> dict[str, Any]:
        """Its entry in the VM's instance view."""
        code, level, shown = {
            "Succeeded": ("ProvisioningState/succeeded", "Info", "Provisioning succeeded"),
            "Failed": ("ProvisioningState/failed/1", "Error", "Provisioning failed"),
        }.get(self.state, ("ProvisioningState/transitioning", "Info", "Transitioning"))
        status = {"code": code, "level": level, "displayStatus": shown}
        return {**self._handler(), "name": self.name, "statuses": [status]}

    def handler(self) -> dict[str, Any]:
        """Its entry in the extension handlers of the agent."""
        ready = self.state == "Succeeded"
        code = "ProvisioningState/succeeded" if ready else "ProvisioningState/NotReady"
        status = {"code": code, "level": "Info", "displayStatus": "Ready" if ready else "Not Ready"}
        return {**self._handler(), "status": status}

    def _handler(self) -> dict[str, Any]:
        return {"type": f"{self.spec.publisher}.{self.spec.type}", "typeHandlerVersion": self.spec.version}


def check_changeable(vm: "Vm", operation: str) -> None:
    """Raises 409 unless the VM's extensions and run commands can be changed now."""
    if vm.deleting:
        raise operation_not_allowed(operation, vm.name, DELETING)
    if vm.generalized:
        raise operation_not_allowed(operation, vm.name, "the VM is generalized")
    if vm.power != "running":
        raise extensions_need_running()


def add_existing(vm: "Vm", spec: ExtensionSpec) -> Extension:
    """An extension that is there from the start."""
    extension = Extension(vm.id, vm.spec.location, spec, vm.platform.clock.now(), spec.state)
    vm.extensions[spec.name.lower()] = extension
    return extension


def install(vm: "Vm", spec: ExtensionSpec, fails: bool = False) -> Extension:
    """Begin to install it on a VM that runs: Creating, then Succeeded or Failed. Raises 409."""
    check_changeable(vm, "extensions")
    extension = Extension(vm.id, vm.spec.location, spec, vm.platform.clock.now(), "Creating")
    vm.extensions[spec.name.lower()] = extension
    operation = vm.platform.operations.begin("extensions", vm.id, vm.spec.location)
    extension.operation = operation

    def end() -> None:
        if extension.operation is not operation:
            return
        if fails or not vm.can_run_scripts():
            extension.state = "Failed"
            _fail(vm, extension, operation, fails)
            return
        extension.state = "Succeeded"
        vm.platform.operations.succeed(operation)

    vm.platform.clock.call_in(vm.platform.dice.draw("extension_install"), end)
    return extension


def remove(vm: "Vm", name: str, fate: Fate | None) -> Operation | None:
    """Delete it; None when there is none with this name. Raises 409."""
    extension = vm.extensions.get(name.lower())
    if extension is None:
        return None
    check_changeable(vm, "extensions")
    operations, clock = vm.platform.operations, vm.platform.clock
    if extension.state == "Deleting" and extension.operation is not None and extension.operation.fate is None:
        return extension.operation
    if extension.operation is not None:
        operations.preempt(extension.operation)
    operation = operations.begin("extensionsDelete", vm.id, vm.spec.location, fate)
    extension.operation, extension.state = operation, "Deleting"

    def end() -> None:
        if extension.operation is not operation or (fate is not None and fate.ends == "never"):
            return
        if fate is not None:
            extension.state = "Failed"
            operations.settle(operation)
        elif vm.can_run_scripts():
            vm.extensions.pop(name.lower(), None)
            operations.succeed(operation)
        else:
            clock.call_in(NO_AGENT_AFTER, give_up)

    def give_up() -> None:
        if extension.operation is operation:
            extension.state = "Failed"
            _fail(vm, extension, operation, False)

    clock.call_in(vm.platform.dice.draw("extension_removal"), end)
    return operation


def _fail(vm: "Vm", extension: Extension, operation: Operation, reported: bool) -> None:
    if reported:
        code = "VMExtensionProvisioningError"
        message = f"VM has reported a failure when processing extension '{extension.name}'."
    else:
        code = "VMAgentStatusCommunicationError"
        message = (
            f"VM '{vm.name}' has not reported status for VM agent or extensions. Please verify the VM has a "
            "running VM agent, and can establish outbound connections to Azure storage."
        )
    vm.platform.operations.fail(operation, code, message)
