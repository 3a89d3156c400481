"""Extensions: installed by a policy after a VM's creation, read back, and deleted while the VM runs."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import ExtensionSpec, PolicyAssignment, Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import attached, finish, make_copy, make_network, vm_body, vm_id
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Connect, Raw, Sdk, code_of, vm_path

MONITOR = ExtensionSpec("AzureMonitorLinuxAgent", "Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", "1.33")
DEFENDER = ExtensionSpec("MDE.Linux", "Microsoft.Azure.AzureDefenderForServers", "MDE.Linux")
POLICY = PolicyAssignment(
    "agents", f"/subscriptions/{SUBSCRIPTION}", effect="deployIfNotExists", extension=MONITOR, os="Linux",
    after_minutes=7,
)  # fmt: skip


async def _states(client: Sdk, vm: str = "vm1") -> dict[str, str]:
    found = await client.virtual_machine_extensions.list(GROUP, vm)
    return {entry.name: entry.provisioning_state for entry in found.value}


async def _create(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock) -> None:
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    assert (await raw("PUT", vm_id("vm1"), vm_body(attached()))).status == 201
    await clock.advance(120)


async def test_a_policy_installs_an_extension_some_minutes_after_the_creation(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.assign(POLICY)
    await _create(simulator, client, raw, clock)
    assert await _states(client) == {}
    await clock.advance(6 * 60)
    assert await _states(client) == {"AzureMonitorLinuxAgent": "Creating"}
    await clock.advance(90)
    assert await _states(client) == {"AzureMonitorLinuxAgent": "Succeeded"}
    shown = await client.virtual_machine_extensions.get(GROUP, "vm1", MONITOR.name, expand="instanceView")
    assert (shown.publisher, shown.properties.type) == ("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent")
    assert shown.type == "Microsoft.Compute/virtualMachines/extensions"
    assert shown.id == vm_path("vm1", "/extensions/AzureMonitorLinuxAgent")
    assert shown.instance_view.statuses[0].code == "ProvisioningState/succeeded"
    vm = await client.virtual_machines.get(GROUP, "vm1", expand="instanceView")
    assert [entry.name for entry in vm.resources] == [MONITOR.name]
    (entry,) = vm.instance_view.extensions
    assert (entry.name, entry.type) == (MONITOR.name, "Microsoft.Azure.Monitor.AzureMonitorLinuxAgent")
    assert vm.instance_view.vm_agent.extension_handlers[0].status.display_status == "Ready"


async def test_what_is_deleted_comes_back_only_with_the_next_evaluation(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.assign(POLICY)
    await _create(simulator, client, raw, clock)
    await clock.advance(10 * 60)
    await finish(clock, client.virtual_machine_extensions.begin_delete(GROUP, "vm1", MONITOR.name))
    await clock.advance(3600)
    assert await _states(client) == {}
    assert (await client.virtual_machines.get(GROUP, "vm1")).resources is None
    simulator.world.policies.evaluate(simulator.vm("vm1"))
    assert await _states(client) == {"AzureMonitorLinuxAgent": "Creating"}
    assert (await raw("POST", "/_simulator/policies/evaluate")).status == 200
    assert await _states(client) == {"AzureMonitorLinuxAgent": "Creating"}


async def test_a_failing_one_a_stopped_vm_and_another_system(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.assign(POLICY)
    windows = ExtensionSpec("AzureMonitorWindowsAgent", "Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent")
    scope = POLICY.scope
    effect: Any = "deployIfNotExists"
    simulator.assign(PolicyAssignment("windows", scope, effect, extension=windows, os="Windows"))
    simulator.assign(
        PolicyAssignment("fails", scope, effect, extension=DEFENDER, after_minutes=1, extension_fails=True)
    )
    await _create(simulator, client, raw, clock)
    await clock.advance(90)
    assert await _states(client) == {"MDE.Linux": "Failed"}
    assert (await raw("POST", vm_path("vm1", "/deallocate"))).status == 202
    await clock.advance(3600)
    assert await _states(client) == {"MDE.Linux": "Failed"}


async def test_extensions_of_the_fleet_and_a_vm_that_does_not_run(clock: SteppedClock, connect: Connect):
    given = {"name": "vm1", "extensions": [{"name": "agent", "publisher": "P", "type": "T", "state": "Failed"}]}
    off = VmSpec("off1", power="deallocated", extensions=(MONITOR,))
    silent = VmSpec("silent1", agent_ready=False, extensions=(MONITOR, DEFENDER))
    async with (
        Simulator(vms=[VmSpec.from_json(given), off, silent], clock=clock, emulate_linux=True) as simulator,
        connect(simulator) as client,
    ):
        extensions = client.virtual_machine_extensions
        assert await _states(client) == {"agent": "Failed"}
        with pytest.raises(HttpResponseError, match="when the VM is not running") as refused:
            await extensions.begin_delete(GROUP, "off1", MONITOR.name)
        assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")
        assert (await client.virtual_machines.instance_view(GROUP, "off1")).extensions is None
        with pytest.raises(HttpResponseError) as failed:
            await finish(clock, extensions.begin_delete(GROUP, "silent1", MONITOR.name))
        assert code_of(failed) == "VMAgentStatusCommunicationError"
        assert await _states(client, "silent1") == {MONITOR.name: "Failed", DEFENDER.name: "Succeeded"}
        simulator.role = Role(("*",), ("Microsoft.Compute/virtualMachines/extensions/delete",))
        with pytest.raises(HttpResponseError) as denied:
            await extensions.begin_delete(GROUP, "vm1", "agent")
        assert code_of(denied) == "AuthorizationFailed"


async def test_what_does_not_exist(raw: Raw):
    assert (await raw("GET", vm_path("nobody", "/extensions"))).refusal == (404, "ParentResourceNotFound")
    assert (await raw("GET", vm_path("linux1", "/extensions/x"))).refusal == (404, "ResourceNotFound")
    assert (await raw("DELETE", vm_path("linux1", "/extensions/x"))).status == 204
    assert (await raw("PUT", vm_path("linux1", "/extensions/x"), {})).status == 405
