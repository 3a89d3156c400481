"""What guests do: the real Linux script in its sandbox, the emulated Windows one, and their traps."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.arm_simulator.fleet import GROUP, Connect, Sdk
from tests.workbench.arm_simulator.scripts import EVIDENCE_PS1, linux_run, managed, windows_run
from workbench.arm_simulator import (
    ForeignStop,
    LinuxTraits,
    MachineSpec,
    ScaledClock,
    Simulator,
    SteppedClock,
    WindowsTraits,
)
from workbench.arm_simulator.guests.sandboxed_linux import SandboxedLinuxGuest, sandbox_kind


async def _run(
    client: Sdk, clock: SteppedClock, vm: str, body: dict[str, Any], seconds: float
) -> tuple[Any, dict[str, Any]]:
    commands = client.virtual_machine_run_commands
    await commands.begin_create_or_update(GROUP, vm, "run", body)
    await clock.advance(seconds)
    view = (await commands.get_by_virtual_machine(GROUP, vm, "run", expand="instanceView")).instance_view
    last = (view.output or "").splitlines()[-1:]
    told: dict[str, Any] = (
        json.loads(last[0].split(" ", 1)[1]) if last and last[0].startswith("GOLDEN-IMAGE-RESULT ") else {}
    )
    return view, told


async def test_linux_is_armed_seals_itself_and_stops(simulator: Simulator, client: Sdk, clock: SteppedClock):
    view, told = await _run(client, clock, "linux1", linux_run(), 25)
    assert (view.exit_code, told["outcome"], told["runId"], told["nonce"]) == (0, "armed", "run-1", "abc12345")
    machine = simulator.machine("linux1")
    assert (machine.armed_count, machine.sealed_count, machine.power_state) == (1, 0, "PowerState/running")
    await clock.advance(60)
    assert machine.power_state == "PowerState/stopped"
    assert [effect.kind for effect in machine.effects] == ["armed", "deprovisioned", "poweroff", "sealed"]
    assert "GOLDEN-IMAGE-SEALED run-1 abc12345\n" in machine.serial_log()


async def test_linux_where_waagent_fails_stays_up_and_can_be_asked_why(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_machine(MachineSpec("bad1", linux=LinuxTraits(waagent="fails")))
    await _run(client, clock, "bad1", linux_run(), 200)
    machine = simulator.machine("bad1")
    assert machine.power_state == "PowerState/running"
    assert "GOLDEN-IMAGE-FAILED run-1 abc12345 waagentFailed" in machine.serial_log()
    why = managed("# reads GOLDEN_RUN_ID, prints failure.log", GOLDEN_RUN_ID="run-1", GOLDEN_NONCE="abc12345")
    _, told = await _run(client, clock, "bad1", why, 30)
    assert told["outcome"] == "evidence"
    assert "waagent exited" in told["message"]


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        (LinuxTraits(waagent="missing"), "agentMissing"),
        (LinuxTraits(distribution="unknown-1"), "unknownDistribution"),
        (LinuxTraits(detach=()), "noDetachMethod"),
    ],
)
async def test_linux_refuses(simulator: Simulator, client: Sdk, clock: SteppedClock, traits: LinuxTraits, code: str):
    simulator.add_machine(MachineSpec("odd1", linux=traits))
    view, told = await _run(client, clock, "odd1", linux_run(), 30)
    assert (view.exit_code, told["outcome"], told["code"]) == (10, "refused", code)
    assert simulator.machine("odd1").effects == ()


async def test_another_run_is_refused(client: Sdk, clock: SteppedClock):
    await _run(client, clock, "linux1", linux_run("run-1"), 20)
    _, told = await _run(client, clock, "linux1", linux_run("run-2"), 20)
    assert told["code"] == "armedByAnotherRun"


async def test_a_machine_that_is_armed_and_never_stops(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.add_machine(MachineSpec("stuck1", never_stops=True))
    simulator.add_machine(MachineSpec("stuck2", os="Windows", never_stops=True))
    await _run(client, clock, "stuck1", linux_run(), 7200)
    await _run(client, clock, "stuck2", windows_run(), 7200)
    for name in ("stuck1", "stuck2"):
        assert simulator.machine(name).power_state == "PowerState/running"
        assert simulator.machine(name).armed_count == 1


@pytest.mark.parametrize(("how", "power"), [("powerOff", "stopped"), ("deallocate", "deallocated")])
async def test_somebody_else_stops_an_armed_machine(
    simulator: Simulator, client: Sdk, clock: SteppedClock, how: Any, power: str
):
    stop = ForeignStop(how, after_seconds=20, since="armed")
    simulator.add_machine(MachineSpec("raced1", foreign_stop=stop))
    await _run(client, clock, "raced1", linux_run(), 120)
    machine = simulator.machine("raced1")
    assert machine.power_state == f"PowerState/{power}"
    assert [effect.kind for effect in machine.effects] == ["armed"]


async def test_windows_seals_reports_and_then_shuts_down(simulator: Simulator, client: Sdk, clock: SteppedClock):
    view, told = await _run(client, clock, "windows1", windows_run(), 110)
    assert (view.execution_state, told["outcome"]) == ("Succeeded", "sealed")
    assert told["facts"]["imageState"] == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
    machine = simulator.machine("windows1")
    assert machine.power_state == "PowerState/running"
    await clock.advance(60)
    assert machine.power_state == "PowerState/stopped"
    assert [effect.kind for effect in machine.effects] == ["armed", "sealed", "sysprep"]


@pytest.mark.parametrize(
    ("traits", "outcome", "code"),
    [
        (WindowsTraits(sysprep="fails"), "failed", "sysprepFailed"),
        (WindowsTraits(sysprep="hangs"), "failed", "sysprepTimedOut"),
        (WindowsTraits(sysprep="stateNotReached"), "failed", "imageStateNotReached"),
        (WindowsTraits(build=26100), "refused", "buildNeedsUserContext"),
        (WindowsTraits(precondition="pendingReboot"), "refused", "pendingReboot"),
    ],
)
async def test_windows_that_does_not_seal_stays_up(
    simulator: Simulator, client: Sdk, clock: SteppedClock, traits: WindowsTraits, outcome: str, code: str
):  # fmt: skip
    simulator.add_machine(MachineSpec("odd1", os="Windows", windows=traits))
    view, told = await _run(client, clock, "odd1", windows_run(), 3600)
    assert (view.execution_state, told["outcome"], told["code"]) == ("Failed", outcome, code)
    machine = simulator.machine("odd1")
    assert (machine.power_state, machine.sealed_count) == ("PowerState/running", 0)
    evidence = managed(EVIDENCE_PS1, RunId="run-1", Nonce="abc12345")
    _, told = await _run(client, clock, "odd1", evidence, 30)
    assert told["outcome"] == "evidence"


async def test_a_parameter_that_the_script_does_not_declare_ends_it(client: Sdk, clock: SteppedClock):
    body = managed("param($RunId, $Nonce)\n& sysprep.exe /generalize", RunId="r", Nonce="n", Colour="red")
    view, told = await _run(client, clock, "windows1", body, 30)
    assert (view.execution_state, view.exit_code, told) == ("Failed", 1, {})
    assert "matches parameter name 'colour'" in view.error


async def test_bare_sysprep_with_shutdown_powers_off_although_it_failed(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    script = "& sysprep.exe /oobe /generalize /shutdown"
    view, _ = await _run(client, clock, "failing1", managed(script), 300)
    machine = simulator.machine("failing1")
    assert view.execution_state == "Running"
    assert (machine.power_state, machine.sealed_count) == ("PowerState/stopped", 0)


SENTINEL = '{"version":1,"runId":"%s","nonce":"n","outcome":"armed","code":"none","message":"","facts":{}}'
REAL_SCRIPT = f"""#!/bin/sh
systemd-run --on-active=60 --unit=seal /bin/sh -c 'waagent -deprovision+user -force \
  && echo "GOLDEN-IMAGE-SEALED '"$GOLDEN_RUN_ID $GOLDEN_NONCE"'" | tee -a /dev/ttyS0 >> /dev/console \
  && poweroff' || exit 1
printf 'GOLDEN-IMAGE-RESULT {SENTINEL}\\n' "$GOLDEN_RUN_ID"
"""


needs_sandbox = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) can be had here"
)


@needs_sandbox
async def test_in_the_sandbox_the_real_text_of_the_script_runs(tmp_path: Path):
    guest = SandboxedLinuxGuest(tmp_path, LinuxTraits())
    assert guest.agent_running()
    outcome = await guest.run(REAL_SCRIPT, {"GOLDEN_RUN_ID": "run-9", "GOLDEN_NONCE": "n1"}, 30)
    assert outcome.exit_code == 0, outcome.stderr
    assert '"runId":"run-9"' in outcome.stdout
    (job,) = guest.scheduled()
    assert job.delay_seconds == 60
    await guest.run_scheduled(job.id)
    assert guest.powered_off()
    assert not guest.agent_running()
    assert "GOLDEN-IMAGE-SEALED run-9 n1" in guest.serial_log()
    guest.boot()
    assert guest.agent_running()


@needs_sandbox
async def test_a_sandboxed_machine_is_armed_sealed_and_stopped_through_the_api(clock: SteppedClock, connect: Connect):
    machines = MachineSpec("real1"), MachineSpec("idle1")
    async with Simulator(machines=machines, clock=clock) as simulator, connect(simulator) as client:
        body = managed(REAL_SCRIPT, GOLDEN_RUN_ID="run-9", GOLDEN_NONCE="n1")
        view, told = await _run(client, clock, "real1", body, 25)
        assert (view.execution_state, told["outcome"]) == ("Succeeded", "armed")
        await clock.advance(60)
        machine = simulator.machine("real1")
        assert machine.power_state == "PowerState/stopped"
        assert [effect.kind for effect in machine.effects] == ["armed", "deprovisioned", "poweroff", "sealed"]
        assert simulator.machine("idle1").guest.serial_log() == ""


async def test_a_scaled_clock_stops_a_machine_by_itself():
    clock = ScaledClock(speed=2000)
    async with Simulator(machines=[MachineSpec("soon1")], clock=clock, emulate_linux=True) as simulator:
        simulator.world.stop_later(simulator.machine("soon1"), "guestShutdown", 10)
        for _ in range(200):
            if simulator.machine("soon1").power == "stopped":
                break
            await asyncio.sleep(0.01)
        assert simulator.machine("soon1").power == "stopped"
        assert simulator.machine("soon1").goal == "running"
