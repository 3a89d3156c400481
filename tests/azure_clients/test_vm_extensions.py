"""What a VM's own answer says about its extensions and about hibernation."""

from typing import Any

from azure_clients.vms import vm_state
from contracts.facts import VmExtension
from contracts.ids import VmId
from tests.support.requests import vm_id


def vm(*resources: Any, statuses: tuple[str, ...] = (), view: tuple[Any, ...] = ()) -> Any:
    codes = [{"code": code} for code in statuses]
    properties = {"vmId": "u", "instanceView": {"statuses": codes, "extensions": list(view)}}
    return {"location": "westeurope", "properties": properties, "resources": list(resources)}


def resource(name: str, **properties: str) -> dict[str, Any]:
    return {"name": name, "type": "Microsoft.Compute/virtualMachines/extensions", "properties": properties}


def shown(name: str, kind: str, *codes: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "statuses": [{"code": code} for code in codes]}


AGENT = resource(
    "ama", publisher="Microsoft.Azure.Monitor", type="AzureMonitorLinuxAgent", provisioningState="Creating"
)


def read(model: Any) -> tuple[VmExtension, ...]:
    return vm_state(VmId.parse(vm_id()), model).extensions


def test_extensions_come_from_the_model_and_then_from_the_view() -> None:
    view = (
        shown("AMA", "Microsoft.Azure.Monitor.AzureMonitorLinuxAgent", "ProvisioningState/succeeded"),
        shown("asr", "Microsoft.Azure.RecoveryServices.SiteRecovery.Linux", "ProvisioningState/failed/-1"),
        shown("none", "", "ComponentStatus/x/succeeded"),
    )
    agent, recovery, none = read(vm(AGENT, view=view))
    assert (agent.name, agent.kind, agent.provisioning_state) == (
        "ama", "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent", "Creating",
    )  # fmt: skip
    assert (recovery.kind, recovery.provisioning_state) == (
        "Microsoft.Azure.RecoveryServices.SiteRecovery/Linux", "failed",
    )  # fmt: skip
    assert (none.kind, none.provisioning_state) == ("/", "")


def test_other_resources_of_a_vm_are_no_extensions() -> None:
    assert read(vm({"name": "c", "type": "Microsoft.Compute/virtualMachines/runCommands"}, resource(""))) == ()
    assert read({"properties": {}}) == ()


def test_what_others_write_is_bounded() -> None:
    found = read(vm(*(resource(f"{n}{'x' * 500}", publisher="p" * 500, type="t" * 500) for n in range(300))))
    assert len(found) == 100
    assert {len(each.kind) for each in found} == {201}


def test_a_hibernated_vm_says_so_beside_its_power_state() -> None:
    id_of = VmId.parse(vm_id())
    assert vm_state(id_of, vm(statuses=("PowerState/deallocated", "HibernationState/Hibernated"))).hibernated
    assert vm_state(id_of, vm(statuses=("PowerState/deallocated", "hibernationstate/hibernated"))).hibernated
    assert not vm_state(id_of, vm(statuses=("PowerState/deallocated",))).hibernated
