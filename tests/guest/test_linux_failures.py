"""The Linux script when sealing goes wrong: the machine stays up and says why."""

from pathlib import Path

import pytest

from tests.guest.machines import NONCE, RUN_ID, Machine, needs_sandbox
from workbench.guest_sandbox import LinuxTraits

pytestmark = needs_sandbox

NAIVE = "waagent -deprovision+user -force\necho done\n"


async def failed_machine(folder: Path, traits: LinuxTraits) -> Machine:
    machine = Machine.make(folder, traits)
    await machine.arm()
    result = await machine.seal()
    assert result.exit_code == 20
    assert not machine.guest.powered_off()
    assert "SEALED" not in machine.guest.serial_log()
    return machine


@pytest.mark.parametrize(
    ("traits", "service", "reason"),
    [
        (LinuxTraits(waagent="fails"), "systemctl start walinuxagent", "Device or resource busy"),
        (LinuxTraits(waagent="fails", distribution="rhel-9"), "systemctl start waagent", "Failed to run"),
        (LinuxTraits(waagent="fails", detach=("setsid",)), "service walinuxagent start", "Failed to run"),
    ],
)
async def test_waagent_fails(tmp_path: Path, traits: LinuxTraits, service: str, reason: str):
    machine = await failed_machine(tmp_path, traits)
    marks = [line for line in machine.guest.serial_log().splitlines() if line]
    assert len(marks) == 2
    assert all(mark.startswith(f"GOLDEN-IMAGE-FAILED {RUN_ID} {NONCE} waagentFailed ") for mark in marks)
    assert reason in marks[0]
    assert len(marks[0].split(" ", 4)[4]) <= 200
    assert machine.guest.effects()[-1] == service
    assert machine.guest.agent_running()
    assert machine.text("var/lib/golden-image/failure.log").startswith("waagentFailed ")
    assert machine.text("etc/machine-id") != ""  # nothing further was taken away


async def test_the_evidence_tells_the_reason(tmp_path: Path):
    machine = await failed_machine(tmp_path, LinuxTraits(waagent="fails"))
    before = machine.snapshot()
    result, answer = await machine.run("linux/collect_evidence.sh")
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "evidence", "waagentFailed")
    assert "Device or resource busy" in answer["message"]
    assert (answer["facts"]["stage"], answer["facts"]["armedRunId"]) == ("failed", RUN_ID)
    assert "--- failure.log" in result.stdout
    assert "--- waagent.log" in result.stdout
    assert machine.snapshot() == before


async def test_cloud_init_fails_while_the_agent_still_runs(tmp_path: Path):
    machine = await failed_machine(tmp_path, LinuxTraits(cloud_init="fails"))
    assert f"GOLDEN-IMAGE-FAILED {RUN_ID} {NONCE} cloudInitCleanFailed " in machine.guest.serial_log()
    assert machine.calls("waagent") == []
    assert machine.guest.agent_running()


async def test_a_clean_up_that_fails(tmp_path: Path):
    machine = Machine.make(tmp_path)
    await machine.arm()
    blocked = machine.guest.files / "root/.bash_history"
    blocked.unlink()
    blocked.mkdir()
    assert (await machine.seal()).exit_code == 20
    assert " cleanupFailed /root/.bash_history could not be removed" in machine.guest.serial_log()
    assert machine.calls("waagent") == []
    assert not machine.guest.powered_off()


@pytest.mark.parametrize(
    ("waagent", "reason"),
    [
        ("#!/bin/sh\nexit 3\n", "waagent -deprovision+user -force exited 3"),
        ("#!/bin/sh\nexit 0\n", "waagent left /var/lib/waagent/ovf-env.xml"),
        ("#!/bin/sh\nrm -rf /var/lib/waagent/*\n", "waagent left the account of the provisioned user"),
    ],
)
async def test_an_agent_that_says_it_worked_is_not_believed(tmp_path: Path, waagent: str, reason: str):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "usr/sbin/waagent").write_text(waagent)
    await machine.arm()
    await machine.seal()
    assert f" waagentFailed {reason}" in machine.guest.serial_log()
    assert not machine.guest.powered_off()


async def test_a_failed_machine_refuses_the_next_run_until_it_is_cleared(tmp_path: Path):
    machine = await failed_machine(tmp_path, LinuxTraits(waagent="fails"))
    _, answer = await machine.arm(GOLDEN_RUN_ID="next")
    assert answer["code"] == "armedByAnotherRun"
    assert "/var/lib/golden-image" in answer["message"]


@pytest.mark.parametrize("missing", ["ttyS0", "console"])
async def test_one_serial_device_is_enough(tmp_path: Path, missing: str):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "dev" / missing).unlink()
    await machine.arm()
    await machine.seal()
    left = "console" if missing == "ttyS0" else "ttyS0"
    assert machine.text(f"dev/{left}").count("GOLDEN-IMAGE-SEALED") == 1
    assert machine.guest.powered_off()
    assert not machine.exists(f"dev/{missing}")


@pytest.mark.parametrize(("step", "stage"), [("none", "notArmed"), ("arm", "waiting"), ("boot", "lost")])
async def test_the_evidence_of_a_machine_that_did_not_fail(tmp_path: Path, step: str, stage: str):
    machine = Machine.make(tmp_path)
    if step != "none":
        await machine.arm()
    if step == "boot":
        machine.guest.boot()
    _, answer = await machine.run("linux/collect_evidence.sh")
    assert (answer["outcome"], answer["code"], answer["facts"]["stage"]) == ("evidence", "", stage)


async def test_the_evidence_fits_however_long_the_logs_are(tmp_path: Path):
    machine = await failed_machine(tmp_path, LinuxTraits(waagent="fails"))
    noise = ('quote " backslash \\ control \x01 caf\u00e9 ' * 40 + "\n") * 200
    for log in ("var/log/waagent.log", "var/lib/golden-image/failure.log"):
        (machine.guest.files / log).write_text(noise)
    result, answer = await machine.run("linux/collect_evidence.sh")
    assert len(result.stdout) <= 3_500
    assert answer["outcome"] == "evidence"


async def test_the_evidence_checks_its_parameters(tmp_path: Path):
    result, answer = await Machine.make(tmp_path).run("linux/collect_evidence.sh", GOLDEN_NONCE="$(id)")
    assert (result.exit_code, answer["code"]) == (10, "badParameters")


async def test_the_trap_that_the_script_avoids(tmp_path: Path):
    """Run Command calls waagent directly: the agent that should report is gone, and the machine stays up."""
    machine = Machine.make(tmp_path)
    await machine.guest.run(NAIVE, {})
    assert not machine.guest.agent_running()
    assert not machine.guest.powered_off()
    assert not machine.exists("var/lib/waagent/run-command-handler")
