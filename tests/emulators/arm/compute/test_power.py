"""Power states, what each allows, and what the instance view keeps."""

import re

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of, vm_path
from tests.emulators.arm.scripts import managed


async def _codes(client: Sdk, name: str) -> list[str]:
    view = await client.virtual_machines.instance_view(GROUP, name)
    return [status.code or "" for status in view.statuses]


async def test_deallocate_goes_through_its_states_and_removes_the_agent_status(client: Sdk, clock: SteppedClock):
    poller = await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await clock.advance(30)
    assert "PowerState/deallocating" in await _codes(client, "linux1")
    await clock.advance(8)
    assert "PowerState/deallocated" in await _codes(client, "linux1")
    await poller.result()
    view = await client.virtual_machines.instance_view(GROUP, "linux1")
    assert (view.vm_agent, view.os_name, view.computer_name, view.extensions) == (None, None, None, None)
    assert view.disks
    assert view.hyper_v_generation == "V2"


async def test_after_power_off_the_agent_is_still_reported_ready(client: Sdk, clock: SteppedClock):
    poller = await client.virtual_machines.begin_power_off(GROUP, "linux1", skip_shutdown=True)
    assert "PowerState/stopping" in await _codes(client, "linux1")
    await clock.advance(10)
    await poller.result()
    view = await client.virtual_machines.instance_view(GROUP, "linux1")
    assert view.statuses[-1].code == "PowerState/stopped"
    assert view.vm_agent.statuses[0].display_status == "Ready"


async def test_a_started_vm_has_no_ready_agent_at_once(client: Sdk, clock: SteppedClock):
    poller = await client.virtual_machines.begin_start(GROUP, "dealloc1")
    await clock.advance(6)
    await poller.result()
    view = await client.virtual_machines.instance_view(GROUP, "dealloc1")
    assert view.statuses[-1].code == "PowerState/running"
    assert view.vm_agent.statuses[0].display_status == "Not Ready"
    await clock.advance(30)
    view = await client.virtual_machines.instance_view(GROUP, "dealloc1")
    assert view.vm_agent.statuses[0].display_status == "Ready"


async def test_generalize_is_refused_until_the_platform_stopped_the_vm(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    for name in ("linux1", "guestoff1"):
        with pytest.raises(ResourceExistsError, match="Please power off explicitly") as refused:
            await client.virtual_machines.generalize(GROUP, name)
        assert code_of(refused) == "OperationNotAllowed"
    await client.virtual_machines.begin_deallocate(GROUP, "guestoff1")
    with pytest.raises(ResourceExistsError, match="another operation is in progress"):
        await client.virtual_machines.generalize(GROUP, "guestoff1")
    await clock.advance(40)
    await client.virtual_machines.generalize(GROUP, "guestoff1")
    codes = await _codes(client, "guestoff1")
    assert codes == ["OSState/generalized", "ProvisioningState/succeeded", "PowerState/deallocated"]
    assert [effect.kind for effect in simulator.vm("guestoff1").effects] == ["generalized"]


async def test_a_generalized_vm_never_starts_again(client: Sdk):
    await client.virtual_machines.generalize(GROUP, "stopped1")
    with pytest.raises(
        ResourceExistsError, match="'start' is not allowed on VM 'stopped1' since the VM is generalized"
    ):
        await client.virtual_machines.begin_start(GROUP, "stopped1")
    with pytest.raises(ResourceExistsError, match="since the VM is generalized"):
        await client.virtual_machines.begin_restart(GROUP, "stopped1")


REFUSED = [
    ("dealloc1", "powerOff", "either deallocated or marked to be deallocated"),
    ("dealloc1", "restart", r"running \(or set to run\)"),
    ("stopped1", "restart", r"running \(or set to run\)"),
    ("ephemeral1", "deallocate", "ephemeral"),
]


async def test_the_matrix_of_refusals(raw: Raw):
    for name, verb, says in REFUSED:
        answer = await raw("POST", vm_path(name, f"/{verb}"))
        assert answer.refusal == (409, "OperationNotAllowed"), (name, verb)
        assert re.search(says, answer.body["error"]["message"])


async def test_power_changes_wait_for_each_other_but_deallocate_takes_precedence(client: Sdk, clock: SteppedClock):
    stopping = await client.virtual_machines.begin_power_off(GROUP, "linux1")
    with pytest.raises(ResourceExistsError, match="An ongoing operation is changing power state"):
        await client.virtual_machines.begin_start(GROUP, "linux1")
    await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await clock.advance(40)
    with pytest.raises(HttpResponseError) as preempted:
        await stopping.result()
    assert code_of(preempted) == "OperationPreempted"
    assert "PowerState/deallocated" in await _codes(client, "linux1")


async def test_deallocate_cancels_a_run_command_in_progress(client: Sdk, clock: SteppedClock):
    body = {**managed("sleep 60")}
    body["properties"]["asyncExecution"] = False
    poller = await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", body)
    await clock.advance(8)
    await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await clock.advance(40)
    with pytest.raises(HttpResponseError, match="OperationPreempted"):
        await poller.result()
    record = await client.virtual_machine_run_commands.get_by_virtual_machine(
        GROUP, "linux1", "run", expand="instanceView"
    )
    assert (record.provisioning_state, record.instance_view.execution_state) == ("Canceled", "Running")


async def test_a_request_for_the_current_state_succeeds_quickly(client: Sdk, clock: SteppedClock):
    for begin, name in (
        (client.virtual_machines.begin_deallocate, "dealloc1"),
        (client.virtual_machines.begin_power_off, "guestoff1"),
        (client.virtual_machines.begin_start, "linux1"),
    ):
        poller = await begin(GROUP, name)
        await clock.advance(3)
        await poller.result()
    await client.virtual_machines.generalize(GROUP, "guestoff1")


async def test_another_caller_can_stop_it(simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw):
    answer = await raw("POST", "/_simulator/vms/linux1/stop", {"how": "powerOff", "afterSeconds": 100})
    assert answer.status == 200
    await clock.advance(95)
    assert "PowerState/running" in await _codes(client, "linux1")
    await clock.advance(20)
    assert "PowerState/stopped" in await _codes(client, "linux1")
    assert [r.operation for r in simulator.requests("linux1")] == ["virtualMachines.instanceView"] * 2
