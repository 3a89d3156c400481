"""The emulated VM: how it runs scripts, stores detached work and behaves like the real services."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from emulators.guest import LinuxGuest, LinuxTraits, ScheduledJob, sandbox_kind

pytestmark = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)


@pytest.fixture
def guest(tmp_path: Path) -> LinuxGuest:
    return LinuxGuest(tmp_path / "vm", LinuxTraits())


async def test_a_script_gets_its_parameters_and_gives_output_and_exit_code(guest: LinuxGuest):
    result = await guest.run('echo "$GREETING"; echo oops >&2; exit 7', {"GREETING": "hello there"})
    assert (result.exit_code, result.stdout, result.stderr, result.timed_out) == (7, "hello there\n", "oops\n", False)


async def test_a_script_runs_as_root_by_its_first_line(guest: LinuxGuest):
    assert (await guest.run("#!/bin/bash\nid -u; echo ${BASH_VERSION:+bash}", {})).stdout == "0\nbash\n"


async def test_a_script_that_hangs_is_stopped_and_its_output_is_kept(guest: LinuxGuest):
    began = time.monotonic()
    result = await guest.run("echo before; while :; do :; done", {}, timeout_s=0.3)
    assert (result.exit_code, result.stdout, result.timed_out) == (-1, "before\n", True)
    assert time.monotonic() - began < 5


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} did not appear"
        time.sleep(0.01)


async def test_a_cancelled_run_leaves_no_process(guest: LinuxGuest):
    run = asyncio.create_task(guest.run("while :; do echo x >>/alive; done", {}))
    alive = guest.files / "alive"
    await asyncio.to_thread(wait_for, alive)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    size = alive.stat().st_size
    await asyncio.sleep(0.05)
    assert alive.stat().st_size == size


async def test_the_names_of_parameters_are_checked(guest: LinuxGuest):
    with pytest.raises(ValueError, match="not valid names"):
        await guest.run("true", {"A=B;C": "x"})


@pytest.mark.parametrize(
    ("command", "delay"),
    [
        ("systemd-run --on-active=90 /bin/echo hi", 90),
        ("systemd-run --on-active 2m /bin/echo hi", 120),
        ("systemd-run --unit=x --on-active=5s -- /bin/echo hi", 5),
        ("systemd-run /bin/echo hi", 0),
        ("echo /bin/echo hi | at now + 3 minutes", 180),
    ],
)
async def test_detached_work_waits_until_it_is_run_once(guest: LinuxGuest, command: str, delay: float):
    await guest.run(command, {})
    assert guest.scheduled() == (ScheduledJob("1", delay),)
    assert (await guest.run_scheduled("1")).stdout == "hi\n"
    assert guest.scheduled() == ()
    with pytest.raises(KeyError, match="not waiting"):
        await guest.run_scheduled("1")


async def test_setsid_is_recorded_with_the_delay_it_was_given(tmp_path: Path):
    guest = LinuxGuest(tmp_path / "vm", LinuxTraits(detach=("setsid",)))
    await guest.run("setsid --fork nohup /bin/echo wait 45", {})
    assert guest.scheduled() == (ScheduledJob("1", 45),)


async def test_arguments_of_detached_work_stay_apart(guest: LinuxGuest):
    await guest.run("systemd-run --on-active=1 /bin/sh -c 'for a; do echo \"[$a]\"; done' sh 'a b' '' '*'", {})
    assert (await guest.run_scheduled("1")).stdout == "[a b]\n[]\n[*]\n"


async def test_a_unit_name_is_taken_once(guest: LinuxGuest):
    await guest.run("systemd-run --unit=one --on-active=1 /bin/true", {})
    again = await guest.run("systemd-run --unit=one --on-active=1 /bin/true", {})
    assert again.exit_code == 1
    assert "already exists" in again.stderr
    assert len(guest.scheduled()) == 1


@pytest.mark.parametrize("tool", ["systemd-run", "systemctl", "at", "setsid", "waagent"])
async def test_a_vm_has_only_the_tools_of_its_traits(tmp_path: Path, tool: str):
    guest = LinuxGuest(tmp_path / "vm", LinuxTraits(detach=(), waagent="missing"))
    assert (await guest.run(f"command -v {tool}", {})).exit_code != 0


async def test_an_existing_tree_is_reused(guest: LinuxGuest, tmp_path: Path):
    await guest.run("echo mine >/etc/motd; systemd-run --on-active=9 /bin/true", {})
    again = LinuxGuest(tmp_path / "vm", LinuxTraits())
    assert (again.files / "etc/motd").read_text() == "mine\n"
    assert len(again.scheduled()) == 1
    assert (await again.run("echo ok", {})).stdout == "ok\n"


async def test_an_incomplete_tree_is_created_again(guest: LinuxGuest, tmp_path: Path):
    (guest.files / ".machine/complete").unlink()
    (guest.files / "etc/passwd").unlink()
    assert (LinuxGuest(tmp_path / "vm", LinuxTraits()).files / "etc/passwd").exists()


async def test_a_vm_that_is_off_runs_nothing_until_it_boots(guest: LinuxGuest):
    await guest.run("echo x >/run/volatile; systemd-run --on-active=9 /bin/true; poweroff", {})
    assert guest.powered_off()
    assert not guest.agent_running()
    assert guest.scheduled() == ()
    with pytest.raises(RuntimeError, match="powered off"):
        await guest.run("true", {})
    guest.boot()
    assert guest.agent_running()
    assert guest.scheduled() == ()
    assert (await guest.run("cat /run/volatile", {})).exit_code == 1


async def test_the_clock_is_this_computers_until_it_is_set(guest: LinuxGuest):
    shown = int((await guest.run("date +%s", {})).stdout)
    assert abs(shown - time.time()) < 30
    assert (await guest.run("date -u -d @0 +%Y", {})).stdout == "1970\n"


async def test_every_form_of_date_shows_the_clock_that_was_set(guest: LinuxGuest, tmp_path: Path):
    guest.set_clock(datetime(2031, 5, 6, 9, 8, 9, tzinfo=timezone(timedelta(hours=2))))
    result = await guest.run("date +%s; date -u +%FT%TZ; date; PATH=/bin date -u +%j", {})
    epoch, text, plain, day = result.stdout.splitlines()
    assert (text, day) == ("2031-05-06T07:08:09Z", "126")
    assert int(epoch) == datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC).timestamp()
    assert "2031" in plain
    guest.set_clock(datetime(2032, 1, 1, tzinfo=UTC))
    again = LinuxGuest(tmp_path / "vm", LinuxTraits())
    again.boot()
    assert (await again.run("date -u +%F", {})).stdout == "2032-01-01\n"


@pytest.mark.parametrize("arguments", ["-d yesterday +%s", "-s 12:00", "-r /etc/passwd"])
async def test_a_set_clock_is_not_mixed_with_the_real_one(guest: LinuxGuest, arguments: str):
    guest.set_clock(datetime(2031, 5, 6, tzinfo=UTC))
    result = await guest.run(f"date {arguments}", {})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not simulated" in result.stderr


def test_a_clock_needs_a_time_zone(guest: LinuxGuest):
    with pytest.raises(ValueError, match="time zone"):
        guest.set_clock(datetime(2031, 5, 6))  # noqa: DTZ001 - the mistake itself


async def test_the_handler_keeps_its_history_until_waagent_removes_its_state(guest: LinuxGuest):
    assert not guest.remembers_scripts()
    await guest.run("true", {})
    assert guest.remembers_scripts()
    guest.boot()
    assert guest.remembers_scripts()
    await guest.run("waagent -deprovision+user -force", {})
    assert not guest.remembers_scripts()


async def test_serial_log_holds_what_both_devices_got(guest: LinuxGuest):
    await guest.run("echo one >>/dev/ttyS0; echo two >>/dev/console", {})
    assert guest.serial_log() == "one\ntwo\n"


async def test_the_service_of_the_agent_can_be_stopped_and_started(guest: LinuxGuest):
    await guest.run("systemctl stop walinuxagent", {})
    assert not guest.agent_running()
    result = await guest.run("systemctl start walinuxagent; systemctl is-active walinuxagent", {})
    assert result.stdout == "running\n"
    assert guest.agent_running()


@pytest.mark.parametrize(
    ("arguments", "user_left", "lines"), [("-deprovision+user -force", False, 1), ("-deprovision -force", True, 1)]
)
async def test_waagent_does_what_the_real_one_does(guest: LinuxGuest, arguments: str, user_left: bool, lines: int):
    result = await guest.run(f"waagent {arguments}", {})
    assert result.exit_code == 0
    assert not guest.agent_running()
    assert not guest.powered_off()
    assert ("azureuser" in (guest.files / "etc/passwd").read_text()) is user_left
    assert (guest.files / "home/azureuser").exists() is user_left
    assert (guest.files / "etc/shadow").read_text().startswith("root:*LOCK*:")
    assert list((guest.files / "var/lib/waagent").iterdir()) == []
    assert guest.effects() == (f"waagent {arguments}",)
    assert len((guest.files / "var/log/waagent.log").read_text().splitlines()) == lines


async def test_waagent_that_fails_still_exits_with_zero(tmp_path: Path):
    guest = LinuxGuest(tmp_path / "vm", LinuxTraits(waagent="fails"))
    result = await guest.run("waagent -deprovision+user -force", {})
    assert result.exit_code == 0
    assert "Failed to run" in result.stdout
    assert (guest.files / "var/lib/waagent/ovf-env.xml").exists()
    assert not guest.agent_running()


async def test_many_vms_run_at_the_same_time(tmp_path: Path):
    guests = [LinuxGuest(tmp_path / str(number), LinuxTraits()) for number in range(4)]
    results = await asyncio.gather(*(guest.run(f"echo {n}", {}) for n, guest in enumerate(guests)))
    assert [result.stdout for result in results] == ["0\n", "1\n", "2\n", "3\n"]


async def test_one_vm_runs_scripts_at_the_same_time(guest: LinuxGuest):
    results = await asyncio.gather(*(guest.run(f"echo {number}", {}) for number in range(4)))
    assert [result.stdout for result in results] == ["0\n", "1\n", "2\n", "3\n"]


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ({"distribution": "plan9"}, "plan9"),
        ({"detach": ("cron",)}, "cron"),
        ({"user": "root; rm"}, "account name"),
    ],
)
def test_invalid_traits_are_refused(traits: dict[str, str], message: str):
    with pytest.raises(ValueError, match=message):
        LinuxTraits(**traits)  # pyright: ignore[reportArgumentType]
