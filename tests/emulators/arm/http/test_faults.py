"""Injected faults: which requests they match, and their effects."""

import asyncio

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ServiceRequestError

from emulators.arm import Fault, Simulator, SteppedClock
from emulators.arm.state.clock import Action
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path
from tests.emulators.arm.scripts import managed


async def test_a_status_with_its_code_and_headers_applies_to_the_nth_request_only(simulator: Simulator, raw: Raw):
    fault = Fault(
        "status",
        method="get",
        vm="linux1",
        nth=2,
        count=2,
        status=503,
        code="ServerTimeout",
        headers={"Retry-After": "7"},
    )
    placed = simulator.inject(fault)
    answers = [await raw("GET", vm_path("linux1")) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].body["error"]["code"] == "ServerTimeout"
    assert (placed.seen, placed.met) == (4, 2)
    assert (await raw("GET", vm_path("windows1"))).status == 200


async def test_an_answer_can_be_empty_as_the_gateways_sometimes_are(simulator: Simulator, raw: Raw):
    simulator.inject(Fault("status", code=""))
    answer = await raw("POST", vm_path("linux1", "/deallocate"))
    assert (answer.status, answer.text) == (503, "")
    assert simulator.vm("linux1").power == "running"


async def test_a_connection_cut_before_acceptance_did_nothing(simulator: Simulator, client: Sdk):
    simulator.inject(Fault("cutBefore", operation="virtualMachines.deallocate"))
    with pytest.raises(ServiceRequestError):
        await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    assert simulator.vm("linux1").power == "running"
    record = simulator.requests()[-1]
    assert (record.status, record.faults) == (0, ("cutBefore",))


async def test_a_connection_cut_after_acceptance_did_the_work(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.inject(Fault("cutAfter", path=r"/deallocate$"))
    with pytest.raises(ServiceRequestError):
        await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await clock.advance(40)
    assert simulator.vm("linux1").power == "deallocated"


async def test_an_operation_that_fails_leaves_the_vm_as_it_was(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.inject(
        Fault("operationFails", operation="virtualMachines.deallocate", code="AllocationFailed", message="no")
    )
    poller = await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    assert simulator.vm("linux1").power == "deallocating"
    await clock.advance(40)
    with pytest.raises(HttpResponseError, match="AllocationFailed"):
        await poller.result()
    assert (simulator.vm("linux1").power, simulator.vm("linux1").goal) == ("running", "running")
    again = await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    await clock.advance(40)
    await again.result()


async def test_an_operation_that_never_ends_stays_in_its_state(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.inject(Fault("operationNeverEnds", operation="virtualMachines.powerOff"))
    poller = await client.virtual_machines.begin_power_off(GROUP, "linux1")
    await clock.advance(100_000)
    assert poller.status() == "InProgress"
    assert simulator.vm("linux1").power == "stopping"
    with pytest.raises(ResourceExistsError, match="ongoing operation"):
        await client.virtual_machines.begin_start(GROUP, "linux1")


@pytest.mark.parametrize(("kind", "state"), [("operationFails", "Failed"), ("operationNeverEnds", "Creating")])
async def test_a_run_command_that_is_never_delivered(
    simulator: Simulator, client: Sdk, clock: SteppedClock, kind: str, state: str
):
    simulator.inject(Fault.from_json({"kind": kind, "operation": "runCommands.put"}))
    commands = client.virtual_machine_run_commands
    await commands.begin_create_or_update(GROUP, "linux1", "run", managed("true"))
    await clock.advance(1000)
    got = await commands.get_by_virtual_machine(GROUP, "linux1", "run")
    assert got.provisioning_state == state


async def test_a_power_state_can_be_missing_and_an_agent_not_ready_for_one_answer(simulator: Simulator, client: Sdk):
    simulator.inject(Fault("powerStateMissing", vm="linux1"))
    simulator.inject(Fault("agentNotReady", vm="linux1"))
    view = (await client.virtual_machines.get(GROUP, "linux1", expand="instanceView")).instance_view
    assert [status.code for status in view.statuses] == ["ProvisioningState/succeeded"]
    assert view.vm_agent.statuses[0].display_status == "Not Ready"
    simulator.inject(Fault("powerStateMissing", operation="virtualMachines.listAll"))
    listed = [vm async for vm in client.virtual_machines.list_all(status_only="true")]
    assert [status.code for status in listed[0].instance_view.statuses] == ["ProvisioningState/succeeded"]
    view = await client.virtual_machines.instance_view(GROUP, "linux1")
    assert view.statuses[-1].code == "PowerState/running"
    assert view.vm_agent.statuses[0].display_status == "Ready"


async def test_a_delay_is_simulated_time(
    simulator: Simulator, raw: Raw, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    simulator.inject(Fault("delay", delay_seconds=30))
    planned, plan = asyncio.Event(), clock.call_in

    def call_in(seconds: float, action: Action) -> None:
        plan(seconds, action)
        planned.set()

    monkeypatch.setattr(clock, "call_in", call_in)
    asked = asyncio.create_task(raw("GET", vm_path("linux1")))
    await asyncio.wait_for(planned.wait(), 5)
    await clock.advance(29)
    assert not asked.done()
    await clock.advance(1)
    assert (await asked).status == 200


@pytest.mark.parametrize(("kind", "power"), [("hold", "deallocating"), ("holdBefore", "running")])
async def test_an_answer_can_be_held_until_it_is_released(simulator: Simulator, raw: Raw, kind: str, power: str):
    placed = (await raw("POST", "/_simulator/faults", {"kind": kind, "operation": "virtualMachines.deallocate"})).body
    asked = asyncio.create_task(raw("POST", vm_path("linux1", "/deallocate")))
    await simulator.world.faults.all[0].held.wait()
    assert not asked.done()
    assert simulator.vm("linux1").power == power
    assert (await raw("GET", "/_simulator/faults")).body["faults"][0]["holding"] == 1
    await raw("POST", f"/_simulator/faults/{placed['id']}/release")
    assert (await asked).status == 202


async def test_removing_faults_releases_held_requests(simulator: Simulator, raw: Raw):
    placed = simulator.inject(Fault("hold", vm="linux1", count=None))
    asked = asyncio.create_task(raw("GET", vm_path("linux1")))
    await placed.held.wait()
    await raw("DELETE", "/_simulator/faults")
    assert (await asked).status == 200
    assert simulator.world.faults.all == []


INVALID = [{"kind": "nothing"}, {"kind": "status", "nth": 0}, {"kind": "status", "vms": "x"}, {}]


async def test_an_invalid_fault_is_refused(raw: Raw):
    for wrong in INVALID:
        assert (await raw("POST", "/_simulator/faults", wrong)).status == 400, wrong
