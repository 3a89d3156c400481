"""The Linux script on VMs that it must not touch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulators.guest import LinuxTraits
from tests.guest.vms import NONCE, NOT_AFTER, RUN_ID, Vm, needs_sandbox

pytestmark = needs_sandbox


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
        (LinuxTraits(distribution="unknown-1"), "unknownDistribution"),
        (LinuxTraits(distribution="ubuntu-14.04"), "unknownDistribution"),
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
async def test_an_unknown_distribution_continues_when_allowed(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution))
    _, answer = await vm.request(GOLDEN_ALLOW_UNKNOWN_OS="true")
    assert (answer["outcome"], answer["facts"]["supported"]) == ("requested", "false")
    await vm.deprovision()
    assert vm.guest.powered_off()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOLDEN_RUN_ID", ""),
        ("GOLDEN_RUN_ID", "x" * 65),
        ("GOLDEN_RUN_ID", '$(touch /pwned)"; touch /pwned; echo "'),
        ("GOLDEN_RUN_ID", "a\nGOLDEN-IMAGE-RESULT {}"),
        ("GOLDEN_RUN_ID", "../../etc"),
        ("GOLDEN_NONCE", ""),
        ("GOLDEN_NONCE", "short"),
        ("GOLDEN_NONCE", "0" * 129),
        ("GOLDEN_NONCE", "`touch /pwned`"),
        ("GOLDEN_NONCE", "abcdef01; touch /pwned"),
        ("GOLDEN_NONCE", "ABCDEF0123456789"),
        ("GOLDEN_KEEP_USER", "yes"),
        ("GOLDEN_KEEP_USER", "true; touch /pwned"),
        ("GOLDEN_ALLOW_UNKNOWN_OS", "1"),
        ("GOLDEN_NOT_AFTER", ""),
        ("GOLDEN_NOT_AFTER", "999999999"),
        ("GOLDEN_NOT_AFTER", "0410244480"),
        ("GOLDEN_NOT_AFTER", "410244480000"),
        ("GOLDEN_NOT_AFTER", "4102444800.5"),
        ("GOLDEN_NOT_AFTER", "-4102444800"),
        ("GOLDEN_NOT_AFTER", "4102444800\n1"),
        ("GOLDEN_NOT_AFTER", "x[$(touch /pwned)]"),
        ("GOLDEN_DELAY_SECONDS", "0"),
        ("GOLDEN_DELAY_SECONDS", "060"),
        ("GOLDEN_DELAY_SECONDS", "3601"),
        ("GOLDEN_DELAY_SECONDS", "60 /bin/sh"),
        ("GOLDEN_DELAY_SECONDS", "1+$(touch /pwned)"),
    ],
)
async def test_bad_parameters_are_refused_without_effect_or_echo(tmp_path: Path, name: str, value: str):
    vm = Vm.create(tmp_path)
    message = await assert_refused(vm, "badParameters", **{name: value})
    assert name in message
    assert not vm.exists("pwned")
    assert len(value) < 5 or value not in message


async def test_a_bad_run_id_is_not_repeated_in_the_answer(tmp_path: Path):
    _, answer = await Vm.create(tmp_path).request(GOLDEN_RUN_ID='"}evil')
    assert answer["runId"] == ""


async def test_the_same_run_is_requested_once(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    result, answer = await vm.request()
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "alreadyRequested", "")
    assert len(vm.guest.scheduled()) == 1
    assert len(vm.calls("systemd-run")) == 1
    await vm.deprovision()
    assert len(vm.calls("waagent")) == 1


async def test_another_run_is_refused_and_the_first_continues(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    result, answer = await vm.request(GOLDEN_RUN_ID="another-run", GOLDEN_NONCE="f" * 32)
    assert (result.exit_code, answer["code"]) == (10, "requestedByAnotherRun")
    assert answer["runId"] == "another-run"
    assert RUN_ID not in answer["message"]
    await vm.deprovision()
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


LAST_MOMENT = datetime.fromtimestamp(NOT_AFTER, UTC)


async def test_a_request_is_accepted_until_its_last_second(tmp_path: Path):
    vm = Vm.create(tmp_path)
    vm.guest.set_clock(LAST_MOMENT)
    _, answer = await vm.request()
    assert answer["outcome"] == "requested"


@pytest.mark.parametrize(("late", "seconds"), [(timedelta(seconds=1), 1), (timedelta(days=3), 259_200)])
async def test_an_expired_request_is_refused(tmp_path: Path, late: timedelta, seconds: int):
    vm = Vm.create(tmp_path)
    vm.guest.set_clock(LAST_MOMENT + late)
    assert f" {seconds} seconds too old" in await assert_refused(vm, "expired")


async def test_without_a_clock_no_request_is_accepted(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "usr/bin/date").write_text("#!/bin/sh\necho 'date: cannot read' >&2\nexit 1\n")
    assert "clock cannot be read" in await assert_refused(vm, "expired")


async def test_a_run_that_requested_in_time_stays_requested_and_deprovisions_later(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    vm.guest.set_clock(LAST_MOMENT + timedelta(hours=1))
    _, answer = await vm.request()
    assert (answer["outcome"], answer["code"]) == ("alreadyRequested", "")
    await vm.deprovision()
    assert vm.guest.powered_off()


async def test_a_deprovisioned_vm_that_starts_again_refuses_the_request_that_its_agent_repeats(tmp_path: Path):
    vm = Vm.create(tmp_path)
    await vm.request()
    await vm.deprovision()
    assert not vm.guest.remembers_scripts()
    vm.guest.boot()
    vm.guest.set_clock(LAST_MOMENT + timedelta(minutes=10))
    await assert_refused(vm, "expired")
    assert vm.calls("waagent") == ["waagent -deprovision+user -force"]
