"""A VM as ARM returns it: the model and the list items."""

from typing import Any

from emulators.arm.compute.vms.instance_view import instance_view, statuses
from emulators.arm.compute.vms.vm import Vm


def vm_model(vm: Vm, expand: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The body of GET virtualMachines/{vm}."""
    spec, given = vm.spec, vm.model
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": spec.vm_size},
        "provisioningState": vm.provisioning_state,
        "vmId": vm.vm_id,
        "storageProfile": given.storage,
        "networkProfile": given.network,
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": spec.boot_diagnostics}},
        "extensionsTimeBudget": "PT1H30M",
        "timeCreated": vm.created.isoformat(),
    }
    if spec.scale_set is not None:
        provider = f"{spec.group_id}/providers/Microsoft.Compute"
        properties["virtualMachineScaleSet"] = {"id": f"{provider}/virtualMachineScaleSets/{spec.scale_set}"}
    optional = {
        "osProfile": given.os_profile,
        "licenseType": spec.license_type,
        "securityProfile": given.security,
        "priority": given.priority,
        "additionalCapabilities": given.capabilities,
    }
    properties |= {name: value for name, value in optional.items() if value is not None}
    if "userdata" in expand and spec.user_data is not None:
        properties["userData"] = spec.user_data
    if "instanceview" in expand:
        properties["instanceView"] = instance_view(vm)
    model: dict[str, Any] = {"name": vm.name, "id": vm.id, "type": "Microsoft.Compute/virtualMachines"}
    model |= {"location": spec.location, "tags": dict(vm.tags)}
    for name, value in (("zones", list(spec.zones)), ("plan", given.plan), ("identity", given.identity)):
        if value:
            model[name] = value
    if vm.extensions:
        model["resources"] = [extension.body() for extension in vm.extensions.values()]
    return {**model, "properties": properties, "etag": '"2"'}


def vm_status_item(vm: Vm) -> dict[str, Any]:
    """A list item of `statusOnly=true`: its identity and its statuses, no model, no tags."""
    item = {"name": vm.name, "id": vm.id, "type": "Microsoft.Compute/virtualMachines"}
    properties = {"vmId": vm.vm_id, "instanceView": {"statuses": statuses(vm)}}
    return {**item, "location": vm.spec.location, "properties": properties}
