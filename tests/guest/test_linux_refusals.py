"""The Linux script on VMs that it must not touch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulators.guest import LinuxTraits
from tests.guest.vms import NONCE, NOT_AFTER, RUN_ID, Vm, needs_sandbox

pytestmark = needs_sandbox

LAST_MOMENT = datetime.fromtimestamp(NOT_AFTER, UTC)


async def assert_refused(vm: Vm, code: str, **parameters: str) -> str:
    before, calls = vm.snapshot(), vm.calls("waagent")
    result, answer = await vm.request(**parameters)
    assert (result.exit_code, answer["outcome"], answer["code"]) == (10, "refused", code)
    assert vm.snapshot() == before
    assert vm.guest.scheduled() == ()
    assert vm.calls("waagent") == calls
    assert vm.guest.agent_running() or code == "agentMissing"
    return answer["message"]


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        (LinuxTraits(waagent="missing"), "agentMissing"),
        (LinuxTraits(detach=()), "noDetachMethod"),
    ],
)
async def test_refuses_and_changes_nothing(tmp_path: Path, traits: LinuxTraits, code: str):
    message = await assert_refused(Vm.create(tmp_path, traits), code)
    assert message.endswith(".")


async def test_refuses_a_vm_without_an_os_release(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "etc/os-release").unlink()
    await assert_refused(vm, "unknownDistribution")


async def test_refuses_to_remove_a_user_that_waagent_cannot_know(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "var/lib/waagent/ovf-env.xml").unlink()
    assert "Start a run that keeps the user" in await assert_refused(vm, "badParameters")


async def test_refuses_when_its_state_cannot_be_written(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "var/lib/golden-image").write_text("in the way\n")
    await assert_refused(vm, "noSpace")


@pytest.mark.parametrize("distribution", ["unknown-1", "ubuntu-14.04"])
async def test_an_unknown_distribution_continues_only_when_allowed(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution))
    assert (await assert_refused(vm, "unknownDistribution")).endswith(".")
    _, answer = await vm.request(GOLDEN_ALLOW_UNKNOWN_OS="true")
    assert (answer["outcome"], answer["facts"]["supported"]) == ("requested", "false")
    await vm.deprovision()
    assert vm.guest.powered_off()


BAD = {
    "GOLDEN_RUN_ID": ["", "x" * 65, '$(touch /pwned)"; touch /pwned; echo "', "a\nGOLDEN-IMAGE-RESULT {}", "../../etc"],
    "GOLDEN_NONCE": ["", "short", "0" * 129, "`touch /pwned`", "abcdef01; touch /pwned", "ABCDEF0123456789"],
    "GOLDEN_KEEP_USER": ["yes", "true; touch /pwned"],
    "GOLDEN_ALLOW_UNKNOWN_OS": ["1"],
    "GOLDEN_NOT_AFTER": [
        *("", "999999999", "0410244480", "410244480000", "4102444800.5", "-4102444800", "4102444800\n1"),
        "x[$(touch /pwned)]",
    ],
    "GOLDEN_DELAY_SECONDS": ["0", "060", "3601", "60 /bin/sh", "1+$(touch /pwned)"],
}


async def test_bad_parameters_are_refused_without_effect_or_echo(tmp_path: Path):
    vm = Vm.create(tmp_path)
    for name, value in ((name, value) for name, values in BAD.items() for value in values):
        message = await assert_refused(vm, "badParameters", **{name: value})
        assert name in message
        assert not vm.exists("pwned"), value
        assert len(value) < 5 or value not in message
    _, answer = await vm.request(GOLDEN_RUN_ID='"}evil')
    assert answer["runId"] == ""


async def test_a_run_is_requested_once_and_another_run_is_refused(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    result, answer = await vm.request()
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "alreadyRequested", "")
    result, answer = await vm.request(GOLDEN_RUN_ID="another-run", GOLDEN_NONCE="f" * 32)
    assert (result.exit_code, answer["code"]) == (10, "requestedByAnotherRun")
    assert answer["runId"] == "another-run"
    assert RUN_ID not in answer["message"]
    vm.guest.set_clock(LAST_MOMENT + timedelta(hours=1))  # a run that requested in time stays requested
    _, answer = await vm.request()
    assert (answer["outcome"], answer["code"]) == ("alreadyRequested", "")
    assert len(vm.guest.scheduled()) == 1
    assert len(vm.calls("systemd-run")) == 1
    await vm.deprovision()
    assert len(vm.calls("waagent")) == 1
    assert vm.guest.powered_off()
    assert f"GOLDEN-IMAGE-DEPROVISIONED {RUN_ID} {NONCE}" in vm.guest.serial_log()
    assert "another-run" not in vm.guest.serial_log()


@pytest.mark.parametrize(
    ("winner", "outcome", "code"),
    [("faster-run", "refused", "requestedByAnotherRun"), (RUN_ID, "alreadyRequested", "")],
)
async def test_of_two_calls_at_once_only_one_requests(tmp_path: Path, winner: str, outcome: str, code: str):
    """The other call runs between the check for `requested` and its creation."""
    vm = Vm.create(tmp_path)
    link = vm.guest.files / "usr/bin/ln"
    real = link.readlink()
    link.unlink()
    link.write_text(f'#!/bin/sh\necho {winner} >/var/lib/golden-image/requested\nexec {real} "$@"\n')
    link.chmod(0o755)
    _, answer = await vm.request()
    assert (answer["outcome"], answer["code"]) == (outcome, code)
    assert vm.guest.scheduled() == ()
    assert vm.text("var/lib/golden-image/requested") == f"{winner}\n"
    assert not vm.exists("run/golden-image")
    assert len(list((vm.guest.files / "var/lib/golden-image").iterdir())) == 1


async def test_an_expired_request_is_refused(tmp_path: Path):
    vm = Vm.create(tmp_path)
    for late, seconds in ((timedelta(seconds=1), 1), (timedelta(days=3), 259_200)):
        vm.guest.set_clock(LAST_MOMENT + late)
        assert f" {seconds} seconds too old" in await assert_refused(vm, "expired")
    vm.guest.set_clock(LAST_MOMENT)
    _, answer = await vm.request()
    assert answer["outcome"] == "requested"


async def test_without_a_clock_no_request_is_accepted(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "usr/bin/date").write_text("#!/bin/sh\necho 'date: cannot read' >&2\nexit 1\n")
    assert "clock cannot be read" in await assert_refused(vm, "expired")


async def test_a_deprovisioned_vm_that_starts_again_refuses_the_request_that_its_agent_repeats(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    await vm.deprovision()
    assert not vm.guest.remembers_scripts()
    vm.guest.boot()
    vm.guest.set_clock(LAST_MOMENT + timedelta(minutes=10))
    await assert_refused(vm, "expired")
    assert vm.calls("waagent") == ["waagent -deprovision+user -force"]


async def test_a_request_made_for_another_boot_is_refused(tmp_path: Path):
    vm = Vm.create(tmp_path)
    seen = (vm.guest.files / "proc/sys/kernel/random/boot_id").read_text().strip()
    vm.guest.boot()
    assert "booted since" in await assert_refused(vm, "bootChanged", GOLDEN_BOOT_ID=seen)
    now = (vm.guest.files / "proc/sys/kernel/random/boot_id").read_text().strip()
    _, answer = await vm.request(GOLDEN_BOOT_ID=now)
    assert answer["outcome"] == "requested"
