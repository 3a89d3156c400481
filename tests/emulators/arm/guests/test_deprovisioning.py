"""Guests: the real Linux script in its sandbox, the emulated Windows script, and their failures."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from emulators.arm import ForeignStop, LinuxTraits, ScaledClock, Simulator, SteppedClock, VmSpec, WindowsTraits
from emulators.arm.guests.sandboxed_linux import SandboxedLinuxGuest, sandbox_kind
from tests.emulators.arm.fleet import GROUP, Connect, Sdk
from tests.emulators.arm.run_commands import result_of, view_of
from tests.emulators.arm.scripts import EVIDENCE_PS1, linux_run, managed, windows_run


async def _run(
    client: Sdk, clock: SteppedClock, vm: str, body: dict[str, Any], seconds: float
) -> tuple[Any, dict[str, Any]]:
    commands = client.virtual_machine_run_commands
    await commands.begin_create_or_update(GROUP, vm, "run", body)
    await clock.advance(seconds)
    return await view_of(client, vm), await result_of(client, vm)


async def test_linux_is_requested_deprovisions_itself_and_stops(simulator: Simulator, client: Sdk, clock: SteppedClock):
    view, reported = await _run(client, clock, "linux1", linux_run(), 25)
    assert (view.exit_code, reported["outcome"], reported["runId"], reported["nonce"]) == (
        0,
        "requested",
        "run-1",
        "abc12345",
    )
    vm = simulator.vm("linux1")
    assert (vm.requested_count, vm.deprovisioned_count, vm.power_state) == (1, 0, "PowerState/running")
    await clock.advance(60)
    assert vm.power_state == "PowerState/stopped"
    assert [effect.kind for effect in vm.effects] == ["requested", "waagent", "poweroff", "deprovisioned"]
    assert "GOLDEN-IMAGE-DEPROVISIONED run-1 abc12345\n" in vm.serial_log()


async def test_linux_where_waagent_fails_stays_running_and_reports_the_reason(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_vm(VmSpec("bad1", linux=LinuxTraits(waagent="fails")))
    await _run(client, clock, "bad1", linux_run(), 200)
    vm = simulator.vm("bad1")
    assert vm.power_state == "PowerState/running"
    assert "GOLDEN-IMAGE-FAILED run-1 abc12345 waagentFailed" in vm.serial_log()
    why = managed("# reads GOLDEN_RUN_ID, prints failure.log", GOLDEN_RUN_ID="run-1", GOLDEN_NONCE="abc12345")
    _, reported = await _run(client, clock, "bad1", why, 30)
    assert reported["outcome"] == "evidence"
    assert "waagent exited" in reported["message"]


REFUSING = [
    (LinuxTraits(waagent="missing"), "agentMissing"),
    (LinuxTraits(distribution="unknown-1"), "unknownDistribution"),
    (LinuxTraits(detach=()), "noDetachMethod"),
]


async def test_linux_refuses(simulator: Simulator, client: Sdk, clock: SteppedClock):
    for traits, code in REFUSING:
        simulator.add_vm(VmSpec(code, linux=traits))
        view, reported = await _run(client, clock, code, linux_run(), 30)
        assert (view.exit_code, reported["outcome"], reported["code"]) == (10, "refused", code)
        assert simulator.vm(code).effects == ()


async def test_another_run_is_refused(client: Sdk, clock: SteppedClock):
    await _run(client, clock, "linux1", linux_run("run-1"), 20)
    _, reported = await _run(client, clock, "linux1", linux_run("run-2"), 20)
    assert reported["code"] == "requestedByAnotherRun"


async def test_a_vm_that_is_requested_and_never_stops(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.add_vm(VmSpec("stuck1", never_stops=True))
    simulator.add_vm(VmSpec("stuck2", os="Windows", never_stops=True))
    await _run(client, clock, "stuck1", linux_run(), 7200)
    await _run(client, clock, "stuck2", windows_run(), 7200)
    for name in ("stuck1", "stuck2"):
        assert simulator.vm(name).power_state == "PowerState/running"
        assert simulator.vm(name).requested_count == 1


@pytest.mark.parametrize(("how", "power"), [("powerOff", "stopped"), ("deallocate", "deallocated")])
async def test_an_external_stop_of_a_requested_vm(
    simulator: Simulator, client: Sdk, clock: SteppedClock, how: Any, power: str
):
    stop = ForeignStop(how, after_seconds=20, since="requested")
    simulator.add_vm(VmSpec("raced1", foreign_stop=stop))
    await _run(client, clock, "raced1", linux_run(), 120)
    vm = simulator.vm("raced1")
    assert vm.power_state == f"PowerState/{power}"
    assert [effect.kind for effect in vm.effects] == ["requested"]


async def test_windows_deprovisions_reports_and_then_shuts_down(simulator: Simulator, client: Sdk, clock: SteppedClock):
    view, reported = await _run(client, clock, "windows1", windows_run(), 110)
    assert (view.execution_state, reported["outcome"]) == ("Succeeded", "deprovisioned")
    assert reported["facts"]["imageState"] == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
    vm = simulator.vm("windows1")
    assert vm.power_state == "PowerState/running"
    await clock.advance(60)
    assert vm.power_state == "PowerState/stopped"
    assert [effect.kind for effect in vm.effects] == ["requested", "deprovisioned", "sysprep"]


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
async def test_windows_that_does_not_deprovision_stays_running(
    simulator: Simulator, client: Sdk, clock: SteppedClock, traits: WindowsTraits, outcome: str, code: str
):  # fmt: skip
    simulator.add_vm(VmSpec("odd1", os="Windows", windows=traits))
    view, reported = await _run(client, clock, "odd1", windows_run(), 3600)
    assert (view.execution_state, reported["outcome"], reported["code"]) == ("Failed", outcome, code)
    vm = simulator.vm("odd1")
    assert (vm.power_state, vm.deprovisioned_count) == ("PowerState/running", 0)
    evidence = managed(EVIDENCE_PS1, RunId="run-1", Nonce="abc12345")
    _, reported = await _run(client, clock, "odd1", evidence, 30)
    assert reported["outcome"] == "evidence"


async def test_a_parameter_that_the_script_does_not_declare_ends_it(client: Sdk, clock: SteppedClock):
    body = managed("param($RunId, $Nonce)\n& sysprep.exe /generalize", RunId="r", Nonce="n", Colour="red")
    view, reported = await _run(client, clock, "windows1", body, 30)
    assert (view.execution_state, view.exit_code, reported) == ("Failed", 1, {})
    assert "matches parameter name 'colour'" in view.error


async def test_bare_sysprep_with_shutdown_powers_off_although_it_failed(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    script = "& sysprep.exe /oobe /generalize /shutdown"
    view, _ = await _run(client, clock, "failing1", managed(script), 300)
    vm = simulator.vm("failing1")
    assert view.execution_state == "Running"
    assert (vm.power_state, vm.deprovisioned_count) == ("PowerState/stopped", 0)


SENTINEL = '{"version":1,"runId":"%s","nonce":"n","outcome":"requested","code":"none","message":"","facts":{}}'
REAL_SCRIPT = f"""#!/bin/sh
systemd-run --on-active=60 --unit=deprovision /bin/sh -c 'waagent -deprovision+user -force \
  && echo "GOLDEN-IMAGE-DEPROVISIONED '"$GOLDEN_RUN_ID $GOLDEN_NONCE"'" | tee -a /dev/ttyS0 >> /dev/console \
  && poweroff' || exit 1
printf 'GOLDEN-IMAGE-RESULT {SENTINEL}\\n' "$GOLDEN_RUN_ID"
"""


needs_sandbox = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) works here"
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
    assert "GOLDEN-IMAGE-DEPROVISIONED run-9 n1" in guest.serial_log()
    guest.boot()
    assert guest.agent_running()


@needs_sandbox
async def test_a_sandboxed_vm_is_requested_deprovisioned_and_stopped_through_the_api(
    clock: SteppedClock, connect: Connect
):
    vms = VmSpec("real1"), VmSpec("idle1")
    async with Simulator(vms=vms, clock=clock) as simulator, connect(simulator) as client:
        body = managed(REAL_SCRIPT, GOLDEN_RUN_ID="run-9", GOLDEN_NONCE="n1")
        view, reported = await _run(client, clock, "real1", body, 25)
        assert (view.execution_state, reported["outcome"]) == ("Succeeded", "requested")
        await clock.advance(60)
        vm = simulator.vm("real1")
        assert vm.power_state == "PowerState/stopped"
        assert [effect.kind for effect in vm.effects] == ["requested", "waagent", "poweroff", "deprovisioned"]
        assert simulator.vm("idle1").guest.serial_log() == ""


async def test_a_scaled_clock_stops_a_vm_by_itself():
    clock = ScaledClock(speed=2000)
    async with Simulator(vms=[VmSpec("soon1")], clock=clock, emulate_linux=True) as simulator:
        simulator.world.stop_later(simulator.vm("soon1"), "guestShutdown", 10)
        for _ in range(200):
            if simulator.vm("soon1").power == "stopped":
                break
            await asyncio.sleep(0.01)
        assert simulator.vm("soon1").power == "stopped"
        assert simulator.vm("soon1").goal == "running"
