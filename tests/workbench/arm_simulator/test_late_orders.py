"""Orders that reach a guest late: from a repaired agent, or again when a sealed machine starts."""

import json
from typing import Any

import pytest

from guest.scripts import load_script
from tests.workbench.arm_simulator.fleet import GROUP, Connect, Sdk
from tests.workbench.arm_simulator.scripts import linux_run, managed, windows_run
from workbench.arm_simulator import MachineSpec, Simulator, SteppedClock
from workbench.arm_simulator.guests.sandboxed_linux import sandbox_kind

REAL_SCRIPT = load_script("linux/deprovision.sh").text


def at(clock: SteppedClock, seconds: int) -> int:
    """Epoch seconds, so many from now."""
    return int(clock.now().timestamp()) + seconds


async def put(client: Sdk, vm: str, body: dict[str, Any], name: str = "run") -> None:
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, vm, name, body)


async def told(client: Sdk, vm: str, name: str = "run") -> tuple[str, str]:
    """Outcome and code of what the script last said; two empty texts while it said nothing."""
    commands = client.virtual_machine_run_commands
    view = (await commands.get_by_virtual_machine(GROUP, vm, name, expand="instanceView")).instance_view
    lines = (view.output or "").splitlines()
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix("GOLDEN-IMAGE-RESULT ")) if lines else {}
    return answer.get("outcome", ""), answer.get("code", "")


async def stop_and_start(client: Sdk, clock: SteppedClock, vm: str) -> None:
    await client.virtual_machines.begin_deallocate(GROUP, vm)
    await clock.advance(40)
    await client.virtual_machines.begin_start(GROUP, vm)
    await clock.advance(60)


@pytest.mark.parametrize(("vm", "order"), [("linux1", linux_run), ("windows1", windows_run)])
async def test_an_order_is_good_until_its_last_second(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, order: Any
):
    deadline = at(clock, 300)
    await clock.advance(310)
    await put(client, vm, order(not_after=deadline))
    await clock.advance(30)
    assert await told(client, vm) == ("refused", "expired")
    assert simulator.machine(vm).effects == ()
    await put(client, vm, order(not_after=at(clock, 7)))
    await clock.advance(200)
    assert simulator.machine(vm).armed_count == 1


@pytest.mark.parametrize("wrong", ["", "tomorrow", "123", "0123456789", "123456789012"])
@pytest.mark.parametrize(
    ("vm", "order", "parameter"), [("linux1", linux_run, "GOLDEN_NOT_AFTER"), ("windows1", windows_run, "NotAfter")]
)
async def test_an_order_without_an_end_is_refused(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, order: Any, parameter: str, wrong: str
):  # fmt: skip
    body = order()
    kept = [entry for entry in body["properties"]["parameters"] if entry["name"] != parameter]
    body["properties"]["parameters"] = [*kept, {"name": parameter, "value": wrong}] if wrong else kept
    await put(client, vm, body)
    await clock.advance(30)
    assert await told(client, vm) == ("refused", "badParameters")
    assert simulator.machine(vm).effects == ()


async def test_the_same_run_is_armed_already_however_late_it_comes_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    body = linux_run(not_after=at(clock, 20), GOLDEN_DELAY_SECONDS="600")
    await put(client, "linux1", body)
    await clock.advance(60)
    await put(client, "linux1", body)
    await clock.advance(30)
    assert await told(client, "linux1") == ("alreadyArmed", "")


async def test_windows_gives_the_same_run_its_first_answer_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_machine(MachineSpec("stays1", os="Windows", never_stops=True))
    body = windows_run(not_after=at(clock, 20))
    for _ in range(2):
        await put(client, "stays1", body)
        await clock.advance(130)
        assert await told(client, "stays1") == ("sealed", "")
    machine = simulator.machine("stays1")
    assert (machine.armed_by_run, machine.sealed_count) == ({"run-1": 1}, 1)
    assert [effect.kind for effect in machine.effects].count("sysprep") == 1


@pytest.mark.parametrize(("seconds", "answer", "armed"), [(120, ("refused", "expired"), 1), (9999, ("armed", ""), 2)])
async def test_a_sealed_machine_that_starts_runs_its_standing_order_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock, seconds: int, answer: tuple[str, str], armed: int
):
    """The trap, and that only the end of the order keeps a machine from being sealed twice."""
    await put(client, "linux1", linux_run(not_after=at(clock, seconds)))
    await clock.advance(120)
    machine = simulator.machine("linux1")
    assert (machine.power_state, machine.sealed_count) == ("PowerState/stopped", 1)
    await stop_and_start(client, clock, "linux1")
    assert await told(client, "linux1") == answer
    assert machine.armed_count == armed
    await clock.advance(120)
    assert machine.sealed_count == armed


@pytest.mark.skipif(sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) can be had here")
@pytest.mark.parametrize(("seconds", "answer", "armed"), [(120, ("refused", "expired"), 1), (9999, ("armed", ""), 2)])
async def test_the_real_script_in_that_trap(
    clock: SteppedClock, connect: Connect, seconds: int, answer: tuple[str, str], armed: int
):
    machines = [MachineSpec("real1")]
    async with Simulator(machines=machines, clock=clock) as simulator, connect(simulator) as client:
        # A machine that is not provisioned anew has no user that waagent could remove a second time.
        body = linux_run(script=REAL_SCRIPT, not_after=at(clock, seconds), GOLDEN_KEEP_USER="true")
        await put(client, "real1", body)
        await clock.advance(120)
        machine = simulator.machine("real1")
        assert (machine.power_state, machine.sealed_count) == ("PowerState/stopped", 1)
        await stop_and_start(client, clock, "real1")
        assert await told(client, "real1") == answer
        assert (machine.armed_count, machine.sealed_count) == (armed, 1)


@pytest.mark.parametrize("vm", ["linux1", "windows1"])
async def test_an_agent_that_kept_its_state_runs_nothing_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str
):
    await put(client, vm, managed("echo once"))
    await clock.advance(30)
    commands = client.virtual_machine_run_commands
    before = (await commands.get_by_virtual_machine(GROUP, vm, "run", expand="instanceView")).instance_view
    await stop_and_start(client, clock, vm)
    after = (await commands.get_by_virtual_machine(GROUP, vm, "run", expand="instanceView")).instance_view
    assert before.execution_state == "Succeeded"
    assert after.start_time == before.start_time


async def test_a_deleted_order_is_not_run_again(simulator: Simulator, client: Sdk, clock: SteppedClock):
    await put(client, "linux1", linux_run())
    await clock.advance(25)
    await client.virtual_machine_run_commands.begin_delete(GROUP, "linux1", "run")
    await clock.advance(100)
    machine = simulator.machine("linux1")
    assert machine.power_state == "PowerState/stopped"
    await stop_and_start(client, clock, "linux1")
    assert machine.armed_count == 1


@pytest.mark.parametrize(("vm", "order"), [("linux1", linux_run), ("windows1", windows_run)])
async def test_an_order_that_never_reached_its_machine_is_taken_at_the_next_start(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, order: Any
):
    await put(client, vm, order(not_after=at(clock, 60)))
    await stop_and_start(client, clock, vm)
    assert await told(client, vm) == ("refused", "expired")
    assert simulator.machine(vm).armed_count == 0


@pytest.mark.parametrize(
    ("seconds", "answer", "armed"), [(600, ("refused", "expired"), {}), (9999, ("armed", ""), {"run-1": 1})]
)
async def test_a_repaired_agent_takes_up_what_waited_for_it(
    simulator: Simulator,
    client: Sdk,
    clock: SteppedClock,
    seconds: int,
    answer: tuple[str, str],
    armed: dict[str, int],
):
    await put(client, "dark1", linux_run(not_after=at(clock, seconds)))
    await clock.advance(3600)
    assert await told(client, "dark1") == ("", "")
    simulator.machine("dark1").make_agent_ready()
    await clock.advance(30)
    assert await told(client, "dark1") == answer
    assert simulator.machine("dark1").armed_by_run == armed


async def test_protected_parameters_reach_the_guest_again_too(simulator: Simulator, client: Sdk, clock: SteppedClock):
    body = linux_run(run_id="open-1")
    body["properties"]["protectedParameters"] = [{"name": "GOLDEN_RUN_ID", "value": "hidden-7"}]
    await put(client, "linux1", body)
    await clock.advance(120)
    await stop_and_start(client, clock, "linux1")
    assert simulator.machine("linux1").armed_by_run == {"hidden-7": 2}
