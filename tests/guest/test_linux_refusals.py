"""The Linux script on machines that it must not touch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.guest.machines import NONCE, NOT_AFTER, RUN_ID, Machine, needs_sandbox
from workbench.guest_sandbox import LinuxTraits

pytestmark = needs_sandbox


async def assert_refused(machine: Machine, code: str, **parameters: str) -> str:
    before, calls = machine.snapshot(), machine.calls("waagent")
    result, answer = await machine.arm(**parameters)
    assert (result.exit_code, answer["outcome"], answer["code"]) == (10, "refused", code)
    assert machine.snapshot() == before
    assert machine.guest.scheduled() == ()
    assert machine.calls("waagent") == calls
    assert machine.guest.agent_running() or code == "agentMissing"
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
    message = await assert_refused(Machine.make(tmp_path, traits), code)
    assert message.endswith(".")


async def test_refuses_a_machine_that_does_not_say_what_it_is(tmp_path: Path):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "etc/os-release").unlink()
    await assert_refused(machine, "unknownDistribution")


async def test_refuses_to_remove_a_user_that_waagent_cannot_know(tmp_path: Path):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "var/lib/waagent/ovf-env.xml").unlink()
    assert "Ask for the user to be kept" in await assert_refused(machine, "badParameters")


async def test_refuses_when_its_state_cannot_be_written(tmp_path: Path):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "var/lib/golden-image").write_text("in the way\n")
    await assert_refused(machine, "noSpace")


@pytest.mark.parametrize("distribution", ["unknown-1", "ubuntu-14.04"])
async def test_an_unknown_system_goes_on_when_allowed(tmp_path: Path, distribution: str):
    machine = Machine.make(tmp_path, LinuxTraits(distribution=distribution))
    _, answer = await machine.arm(GOLDEN_ALLOW_UNKNOWN_OS="true")
    assert (answer["outcome"], answer["facts"]["supported"]) == ("armed", "false")
    await machine.seal()
    assert machine.guest.powered_off()


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
    machine = Machine.make(tmp_path)
    message = await assert_refused(machine, "badParameters", **{name: value})
    assert name in message
    assert not machine.exists("pwned")
    assert len(value) < 5 or value not in message


async def test_a_bad_run_id_is_not_repeated_in_the_answer(tmp_path: Path):
    _, answer = await Machine.make(tmp_path).arm(GOLDEN_RUN_ID='"}evil')
    assert answer["runId"] == ""


async def test_the_same_run_is_armed_once(tmp_path: Path):
    machine = Machine.make(tmp_path)
    await machine.arm()
    result, answer = await machine.arm()
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "alreadyArmed", "")
    assert len(machine.guest.scheduled()) == 1
    assert len(machine.calls("systemd-run")) == 1
    await machine.seal()
    assert len(machine.calls("waagent")) == 1


async def test_another_run_is_refused_and_the_first_goes_on(tmp_path: Path):
    machine = Machine.make(tmp_path)
    await machine.arm()
    result, answer = await machine.arm(GOLDEN_RUN_ID="another-run", GOLDEN_NONCE="f" * 32)
    assert (result.exit_code, answer["code"]) == (10, "armedByAnotherRun")
    assert answer["runId"] == "another-run"
    assert RUN_ID not in answer["message"]
    await machine.seal()
    assert f"GOLDEN-IMAGE-SEALED {RUN_ID} {NONCE}" in machine.guest.serial_log()
    assert "another-run" not in machine.guest.serial_log()


@pytest.mark.parametrize(
    ("winner", "outcome", "code"), [("faster-run", "refused", "armedByAnotherRun"), (RUN_ID, "alreadyArmed", "")]
)
async def test_of_two_calls_at_once_one_arms(tmp_path: Path, winner: str, outcome: str, code: str):
    """The other call gets in between the look at `armed` and the claim of it."""
    machine = Machine.make(tmp_path)
    link = machine.guest.files / "usr/bin/ln"
    real = link.readlink()
    link.unlink()
    link.write_text(f'#!/bin/sh\necho {winner} >/var/lib/golden-image/armed\nexec {real} "$@"\n')
    link.chmod(0o755)
    _, answer = await machine.arm()
    assert (answer["outcome"], answer["code"]) == (outcome, code)
    assert machine.guest.scheduled() == ()
    assert machine.text("var/lib/golden-image/armed") == f"{winner}\n"
    assert not machine.exists("run/golden-image")
    assert len(list((machine.guest.files / "var/lib/golden-image").iterdir())) == 1


LAST_MOMENT = datetime.fromtimestamp(NOT_AFTER, UTC)


async def test_an_order_is_taken_until_its_last_second(tmp_path: Path):
    machine = Machine.make(tmp_path)
    machine.guest.set_clock(LAST_MOMENT)
    _, answer = await machine.arm()
    assert answer["outcome"] == "armed"


@pytest.mark.parametrize(("late", "seconds"), [(timedelta(seconds=1), 1), (timedelta(days=3), 259_200)])
async def test_a_late_order_is_refused(tmp_path: Path, late: timedelta, seconds: int):
    machine = Machine.make(tmp_path)
    machine.guest.set_clock(LAST_MOMENT + late)
    assert f" {seconds} seconds too late" in await assert_refused(machine, "expired")


async def test_without_a_clock_no_order_is_taken(tmp_path: Path):
    machine = Machine.make(tmp_path)
    (machine.guest.files / "usr/bin/date").write_text("#!/bin/sh\necho 'date: cannot read' >&2\nexit 1\n")
    assert "clock cannot be read" in await assert_refused(machine, "expired")


async def test_a_run_that_armed_in_time_is_armed_still_and_seals_later(tmp_path: Path):
    machine = Machine.make(tmp_path)
    await machine.arm()
    machine.guest.set_clock(LAST_MOMENT + timedelta(hours=1))
    _, answer = await machine.arm()
    assert (answer["outcome"], answer["code"]) == ("alreadyArmed", "")
    await machine.seal()
    assert machine.guest.powered_off()


async def test_a_sealed_machine_that_starts_again_refuses_the_order_that_its_agent_repeats(tmp_path: Path):
    machine = Machine.make(tmp_path)
    await machine.arm()
    await machine.seal()
    assert not machine.guest.remembers_scripts()
    machine.guest.boot()
    machine.guest.set_clock(LAST_MOMENT + timedelta(minutes=10))
    await assert_refused(machine, "expired")
    assert machine.calls("waagent") == ["waagent -deprovision+user -force"]
