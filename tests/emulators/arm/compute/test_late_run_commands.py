"""Requests that reach a guest late: from a repaired agent, or again when a deprovisioned VM starts."""

from typing import Any

import pytest

from emulators.arm import Simulator, SteppedClock, VmSpec
from emulators.arm.guests.sandboxed_linux import sandbox_kind
from guest.scripts import load_script
from tests.emulators.arm.fleet import GROUP, Connect, Sdk
from tests.emulators.arm.run_commands import result_of, view_of
from tests.emulators.arm.scripts import linux_run, managed, windows_run

REAL_SCRIPT = load_script("linux/deprovision.sh").text


def at(clock: SteppedClock, seconds: int) -> int:
    """Epoch seconds, `seconds` from now."""
    return int(clock.now().timestamp()) + seconds


async def put(client: Sdk, vm: str, body: dict[str, Any], name: str = "run") -> None:
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, vm, name, body)


async def reported(client: Sdk, vm: str, name: str = "run") -> tuple[str, str]:
    """Outcome and code of the script's last answer; two empty texts before its first answer."""
    answer = await result_of(client, vm, name)
    return answer.get("outcome", ""), answer.get("code", "")


async def stop_and_start(client: Sdk, clock: SteppedClock, vm: str) -> None:
    await client.virtual_machines.begin_deallocate(GROUP, vm)
    await clock.advance(40)
    await client.virtual_machines.begin_start(GROUP, vm)
    await clock.advance(60)


@pytest.mark.parametrize(("vm", "run_command"), [("linux1", linux_run), ("windows1", windows_run)])
async def test_a_request_is_valid_until_its_last_second(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, run_command: Any
):
    deadline = at(clock, 300)
    await clock.advance(310)
    await put(client, vm, run_command(not_after=deadline))
    await clock.advance(30)
    assert await reported(client, vm) == ("refused", "expired")
    assert simulator.vm(vm).effects == ()
    await put(client, vm, run_command(not_after=at(clock, 7)))
    await clock.advance(200)
    assert simulator.vm(vm).requested_count == 1


@pytest.mark.parametrize(
    ("vm", "run_command", "parameter"),
    [("linux1", linux_run, "GOLDEN_NOT_AFTER"), ("windows1", windows_run, "NotAfter")],
)
async def test_a_request_without_an_expiry_is_refused(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, run_command: Any, parameter: str
):
    for wrong in ("", "tomorrow", "123", "0123456789", "123456789012"):
        body = run_command()
        kept = [entry for entry in body["properties"]["parameters"] if entry["name"] != parameter]
        body["properties"]["parameters"] = [*kept, {"name": parameter, "value": wrong}] if wrong else kept
        await put(client, vm, body)
        await clock.advance(30)
        assert await reported(client, vm) == ("refused", "badParameters"), wrong
        assert simulator.vm(vm).effects == ()


async def test_the_same_run_is_already_requested_however_late_it_is_repeated(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    body = linux_run(not_after=at(clock, 20), GOLDEN_DELAY_SECONDS="600")
    await put(client, "linux1", body)
    await clock.advance(60)
    await put(client, "linux1", body)
    await clock.advance(30)
    assert await reported(client, "linux1") == ("alreadyRequested", "")


async def test_windows_returns_the_first_answer_again_to_the_same_run(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_vm(VmSpec("stays1", os="Windows", never_stops=True))
    body = windows_run(not_after=at(clock, 20))
    for _ in range(2):
        await put(client, "stays1", body)
        await clock.advance(130)
        assert await reported(client, "stays1") == ("deprovisioned", "")
    vm = simulator.vm("stays1")
    assert (vm.requested_by_run, vm.deprovisioned_count) == ({"run-1": 1}, 1)
    assert [effect.kind for effect in vm.effects].count("sysprep") == 1


@pytest.mark.parametrize(
    ("seconds", "answer", "requested"), [(120, ("refused", "expired"), 1), (9999, ("requested", ""), 2)]
)
async def test_a_deprovisioned_vm_that_starts_runs_its_run_command_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock, seconds: int, answer: tuple[str, str], requested: int
):
    """Only the expiry of the request keeps a VM from being deprovisioned twice."""
    await put(client, "linux1", linux_run(not_after=at(clock, seconds)))
    await clock.advance(120)
    vm = simulator.vm("linux1")
    assert (vm.power_state, vm.deprovisioned_count) == ("PowerState/stopped", 1)
    await stop_and_start(client, clock, "linux1")
    assert await reported(client, "linux1") == answer
    assert vm.requested_count == requested
    await clock.advance(120)
    assert vm.deprovisioned_count == requested


@pytest.mark.skipif(sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) works here")
@pytest.mark.parametrize(
    ("seconds", "answer", "requested"), [(120, ("refused", "expired"), 1), (9999, ("requested", ""), 2)]
)
async def test_the_real_script_when_it_is_run_again(
    clock: SteppedClock, connect: Connect, seconds: int, answer: tuple[str, str], requested: int
):
    vms = [VmSpec("real1")]
    async with Simulator(vms=vms, clock=clock) as simulator, connect(simulator) as client:
        # A VM that is not provisioned again has no user that waagent could remove a second time.
        body = linux_run(script=REAL_SCRIPT, not_after=at(clock, seconds), GOLDEN_KEEP_USER="true")
        await put(client, "real1", body)
        await clock.advance(120)
        vm = simulator.vm("real1")
        assert (vm.power_state, vm.deprovisioned_count) == ("PowerState/stopped", 1)
        await stop_and_start(client, clock, "real1")
        assert await reported(client, "real1") == answer
        assert (vm.requested_count, vm.deprovisioned_count) == (requested, 1)


@pytest.mark.parametrize("vm", ["linux1", "windows1"])
async def test_an_agent_that_kept_its_state_runs_nothing_again(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str
):
    await put(client, vm, managed("echo once"))
    await clock.advance(30)
    before = await view_of(client, vm)
    await stop_and_start(client, clock, vm)
    after = await view_of(client, vm)
    assert before.execution_state == "Succeeded"
    assert after.start_time == before.start_time


async def test_a_deleted_run_command_is_not_run_again(simulator: Simulator, client: Sdk, clock: SteppedClock):
    await put(client, "linux1", linux_run())
    await clock.advance(25)
    await client.virtual_machine_run_commands.begin_delete(GROUP, "linux1", "run")
    await clock.advance(100)
    vm = simulator.vm("linux1")
    assert vm.power_state == "PowerState/stopped"
    await stop_and_start(client, clock, "linux1")
    assert vm.requested_count == 1


@pytest.mark.parametrize(("vm", "run_command"), [("linux1", linux_run), ("windows1", windows_run)])
async def test_a_run_command_that_never_reached_its_vm_runs_at_the_next_start(
    simulator: Simulator, client: Sdk, clock: SteppedClock, vm: str, run_command: Any
):
    await put(client, vm, run_command(not_after=at(clock, 60)))
    await stop_and_start(client, clock, vm)
    assert await reported(client, vm) == ("refused", "expired")
    assert simulator.vm(vm).requested_count == 0


@pytest.mark.parametrize(
    ("seconds", "answer", "requested"), [(600, ("refused", "expired"), {}), (9999, ("requested", ""), {"run-1": 1})]
)
async def test_a_repaired_agent_runs_the_waiting_run_commands(
    simulator: Simulator,
    client: Sdk,
    clock: SteppedClock,
    seconds: int,
    answer: tuple[str, str],
    requested: dict[str, int],
):
    await put(client, "dark1", linux_run(not_after=at(clock, seconds)))
    await clock.advance(3600)
    assert await reported(client, "dark1") == ("", "")
    simulator.vm("dark1").make_agent_ready()
    await clock.advance(30)
    assert await reported(client, "dark1") == answer
    assert simulator.vm("dark1").requested_by_run == requested


async def test_protected_parameters_reach_the_guest_again_too(simulator: Simulator, client: Sdk, clock: SteppedClock):
    body = linux_run(run_id="open-1")
    body["properties"]["protectedParameters"] = [{"name": "GOLDEN_RUN_ID", "value": "hidden-7"}]
    await put(client, "linux1", body)
    await clock.advance(120)
    await stop_and_start(client, clock, "linux1")
    assert simulator.vm("linux1").requested_by_run == {"hidden-7": 2}
