"""The Linux script when deprovisioning fails: the VM stays running and reports the reason."""

from pathlib import Path

import pytest

from emulators.guest import LinuxTraits
from tests.guest.vms import NONCE, RUN_ID, Vm, needs_sandbox

pytestmark = needs_sandbox

NAIVE = "waagent -deprovision+user -force\necho done\n"


async def failed_vm(folder: Path, traits: LinuxTraits) -> Vm:
    vm = Vm.create(folder, traits)
    await vm.request()
    result = await vm.deprovision()
    assert result.exit_code == 20
    assert not vm.guest.powered_off()
    assert "DEPROVISIONED" not in vm.guest.serial_log()
    return vm


@pytest.mark.parametrize(
    ("traits", "service", "reason"),
    [
        (LinuxTraits(waagent="fails"), "systemctl start walinuxagent", "Device or resource busy"),
        (LinuxTraits(waagent="fails", distribution="rhel-9"), "systemctl start waagent", "Failed to run"),
        (LinuxTraits(waagent="fails", detach=("setsid",)), "service walinuxagent start", "Failed to run"),
    ],
)
async def test_waagent_fails(tmp_path: Path, traits: LinuxTraits, service: str, reason: str):
    vm = await failed_vm(tmp_path, traits)
    marks = [line for line in vm.guest.serial_log().splitlines() if line]
    assert len(marks) == 2
    assert all(mark.startswith(f"GOLDEN-IMAGE-FAILED {RUN_ID} {NONCE} waagentFailed ") for mark in marks)
    assert reason in marks[0]
    assert len(marks[0].split(" ", 4)[4]) <= 200
    assert vm.guest.effects()[-1] == service
    assert vm.guest.agent_running()
    assert vm.text("var/lib/golden-image/failure.log").startswith("waagentFailed ")
    assert vm.text("etc/machine-id") != ""  # nothing more was removed


async def test_the_evidence_reports_the_reason_and_fits_and_the_next_run_is_refused(tmp_path: Path):
    vm = await failed_vm(tmp_path, LinuxTraits(waagent="fails"))
    before = vm.snapshot()
    result, answer = await vm.run("linux/collect_evidence.sh")
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "evidence", "waagentFailed")
    assert "Device or resource busy" in answer["message"]
    assert (answer["facts"]["stage"], answer["facts"]["requestedRunId"]) == ("failed", RUN_ID)
    assert "--- failure.log" in result.stdout
    assert "--- waagent.log" in result.stdout
    assert vm.snapshot() == before
    _, answer = await vm.request(GOLDEN_RUN_ID="next")
    assert answer["code"] == "requestedByAnotherRun"
    assert "/var/lib/golden-image" in answer["message"]
    noise = ('quote " backslash \\ control \x01 caf\u00e9 ' * 40 + "\n") * 200
    for log in ("var/log/waagent.log", "var/lib/golden-image/failure.log"):
        (vm.guest.files / log).write_text(noise)
    result, answer = await vm.run("linux/collect_evidence.sh")
    assert len(result.stdout) <= 3_500
    assert answer["outcome"] == "evidence"


async def test_cloud_init_fails_while_the_agent_still_runs(tmp_path: Path):
    vm = await failed_vm(tmp_path, LinuxTraits(cloud_init="fails"))
    assert f"GOLDEN-IMAGE-FAILED {RUN_ID} {NONCE} cloudInitCleanFailed " in vm.guest.serial_log()
    assert vm.calls("waagent") == []
    assert vm.guest.agent_running()


async def test_a_cleanup_that_fails(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    blocked = vm.guest.files / "root/.bash_history"
    blocked.unlink()
    blocked.mkdir()
    assert (await vm.deprovision()).exit_code == 20
    assert " cleanupFailed /root/.bash_history could not be removed" in vm.guest.serial_log()
    assert vm.calls("waagent") == []
    assert not vm.guest.powered_off()


@pytest.mark.parametrize(
    ("waagent", "reason"),
    [
        ("#!/bin/sh\nexit 3\n", "waagent -deprovision+user -force exited 3"),
        ("#!/bin/sh\nexit 0\n", "waagent left /var/lib/waagent/ovf-env.xml"),
        ("#!/bin/sh\nrm -rf /var/lib/waagent/*\n", "waagent left the account of the provisioned user"),
    ],
)
async def test_a_reported_success_of_the_agent_is_checked(tmp_path: Path, waagent: str, reason: str):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "usr/sbin/waagent").write_text(waagent)
    await vm.request()
    await vm.deprovision()
    assert f" waagentFailed {reason}" in vm.guest.serial_log()
    assert not vm.guest.powered_off()


@pytest.mark.parametrize("missing", ["ttyS0", "console"])
async def test_one_serial_device_is_enough(tmp_path: Path, missing: str):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "dev" / missing).unlink()
    await vm.request()
    await vm.deprovision()
    left = "console" if missing == "ttyS0" else "ttyS0"
    assert vm.text(f"dev/{left}").count("GOLDEN-IMAGE-DEPROVISIONED") == 1
    assert vm.guest.powered_off()
    assert not vm.exists(f"dev/{missing}")


async def test_the_evidence_of_a_vm_that_did_not_fail(tmp_path: Path):
    vm = Vm.create(tmp_path)
    result, answer = await vm.run("linux/collect_evidence.sh", GOLDEN_NONCE="$(id)")
    assert (result.exit_code, answer["code"]) == (10, "badParameters")
    assert await _stage(vm) == "notRequested"
    await vm.request()
    assert await _stage(vm) == "waiting"
    vm.guest.boot()
    assert await _stage(vm) == "lost"


async def _stage(vm: Vm) -> str:
    _, answer = await vm.run("linux/collect_evidence.sh")
    assert (answer["outcome"], answer["code"]) == ("evidence", "")
    return answer["facts"]["stage"]


async def test_the_failure_that_the_script_avoids(tmp_path: Path):
    """Run Command calls waagent directly: the agent that should report is stopped, and the VM stays running."""
    vm = Vm.create(tmp_path)
    await vm.guest.run(NAIVE, {})
    assert not vm.guest.agent_running()
    assert not vm.guest.powered_off()
    assert not vm.exists("var/lib/waagent/run-command-handler")
