"""A guest can neither see nor change this computer. Each test runs a script that tries to."""

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from emulators.guest import LinuxGuest, LinuxTraits, sandbox_kind
from emulators.guest.isolation import ENTER, SandboxKind, host_environment, isolated, works

KINDS = [kind for kind in get_args(SandboxKind) if works(kind)]

pytestmark = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)


@pytest.fixture(params=KINDS)
def guest(request: pytest.FixtureRequest, tmp_path: Path) -> LinuxGuest:
    return LinuxGuest(tmp_path / "vm", LinuxTraits(), kind=request.param)


def identity() -> tuple[str, bytes | None]:
    file = Path("/etc/machine-id")
    return platform.node(), file.read_bytes() if file.exists() else None


async def output(guest: LinuxGuest, script: str) -> str:
    return (await guest.run(script, {})).stdout.strip()


async def test_this_computers_programs_cannot_be_written(guest: LinuxGuest):
    result = await guest.run(
        "for d in /.host/*; do echo pwned >$d/pwned && echo WROTE; done; rm -rf /.host/usr/bin/cat", {}
    )
    assert "WROTE" not in result.stdout
    assert result.stderr.count("Read-only file system") >= 1
    assert "pwned" not in os.listdir("/usr")
    assert shutil.which("cat")


async def test_read_only_cannot_be_reverted(guest: LinuxGuest):
    script = (
        "/.host/usr/bin/mount -o remount,rw,bind /.host/usr; /.host/usr/bin/umount -l /.host/usr; ls /.host/usr/bin/cat"
    )
    assert await output(guest, script) == "/.host/usr/bin/cat"
    assert (await guest.run("echo x >/.host/usr/pwned && echo WROTE", {})).stdout == ""


async def test_nor_by_taking_new_namespaces(guest: LinuxGuest):
    script = (
        "/.host/usr/bin/unshare --user --map-root-user --mount /bin/sh -c "
        "'/.host/usr/bin/mount -o remount,rw,bind /.host/usr; echo x >/.host/usr/pwned && echo WROTE'; true"
    )
    assert (await guest.run(script, {})).stdout == ""
    assert "pwned" not in os.listdir("/usr")


async def test_this_computers_identity_stays(guest: LinuxGuest):
    before = identity()
    await guest.run("echo pwned >/etc/machine-id; echo pwned >/etc/hostname; /.host/usr/bin/hostname pwned", {})
    assert identity() == before
    assert (guest.files / "etc/machine-id").read_text() == "pwned\n"


async def test_files_of_this_computer_are_not_to_be_seen(guest: LinuxGuest, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    assert (
        await output(guest, f"cat {secret} /.old{secret} 2>/dev/null; ls -A /.old /proc | tr -d '\\n'")
        == "/.old:/proc:sys"
    )
    top = (await output(guest, "ls -A /")).split()
    assert set(top) <= {
        *(".host", ".machine", ".old", "bin", "dev", "etc", "home", "lib", "lib64"),
        *("proc", "root", "run", "sbin", "tmp", "usr", "var", "newroot", "oldroot"),
    }


async def test_processes_of_this_computer_are_out_of_reach(guest: LinuxGuest):
    assert await output(guest, f"kill -0 {os.getpid()} 2>/dev/null && echo SEEN") == ""
    await guest.run("kill -9 -1", {})
    assert int(await output(guest, "echo $$")) < 100


async def test_there_is_no_network(guest: LinuxGuest):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"#!/bin/bash\n(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo REACHED || echo no"
        assert await output(guest, script) == "no"


async def test_there_is_no_device_but_null(guest: LinuxGuest):
    script = "for f in /dev/*; do if [ -b $f ] || [ -c $f ]; then echo $f; fi; done"
    assert (await output(guest, script)).split() == ["/dev/null"]
    assert await output(guest, "/.host/usr/bin/mknod /dev/disk b 8 0 2>/dev/null && echo MADE; cat /dev/null") == ""


async def test_no_right_is_left_to_administer(guest: LinuxGuest):
    script = "for m in proc sysfs; do /.host/usr/bin/mount -t $m none /tmp 2>/dev/null && echo MOUNTED; done; true"
    assert await output(guest, script) == ""
    assert await output(guest, "/.host/usr/sbin/chroot / true 2>/dev/null && echo CHROOTED") == ""


async def test_power_is_the_guests_own(guest: LinuxGuest):
    rights = await output(guest, "/.host/usr/bin/setpriv --dump | grep -i bounding")
    assert "chown" in rights
    assert "sys_boot" not in rights
    assert "sys_admin" not in rights
    await guest.run("poweroff; shutdown -h now; systemctl poweroff", {})
    assert guest.powered_off()
    assert guest.effects() == ("poweroff", "shutdown -h now", "systemctl poweroff")


async def test_nothing_of_our_environment_gets_in_and_nothing_of_the_guests_gets_out(
    guest: LinuxGuest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OUR_SECRET", "secret")
    result = await guest.run("env", {"LD_PRELOAD": "/nothing.so", "GOLDEN_RUN_ID": "a b'c\"d"})
    assert "secret" not in result.stdout
    assert "GOLDEN_RUN_ID=a b'c\"d\n" in result.stdout


async def test_nothing_runs_on_after_the_script(guest: LinuxGuest):
    await guest.run("(while :; do echo x >>/alive; done) >/dev/null 2>&1 &\nexit 0", {})
    alive = guest.files / "alive"
    before = alive.stat().st_size if alive.exists() else 0
    await guest.run("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", {})
    assert (alive.stat().st_size if alive.exists() else 0) == before


def test_both_sandboxes_are_tested_where_both_work():
    assert sandbox_kind() == KINDS[0]


def test_a_sandbox_that_does_not_work_is_not_offered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert not works("bwrap")
    assert not works("unshare")


def test_without_a_sandbox_there_is_no_vm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("emulators.guest.linux_guest.sandbox_kind", lambda: None)
    with pytest.raises(RuntimeError, match="Install bubblewrap"):
        LinuxGuest(tmp_path / "vm", LinuxTraits())
    assert not (tmp_path / "vm").exists()


def test_a_guest_that_could_write_this_computer_is_not_entered(tmp_path: Path):
    """The last check of enter.sh: when programs are writable, it stops before the script."""
    text = ENTER.read_text().replace('mount -o "remount,bind,$options,ro" "$target"', ":")
    assert text != ENTER.read_text()
    (tmp_path / "enter.sh").write_text(text)
    root = LinuxGuest(tmp_path / "vm", LinuxTraits(), kind="unshare").files
    command = [*isolated("unshare", root, {}, ("/bin/sh", "-c", "echo ENTERED"))]
    command[command.index(str(ENTER))] = str(tmp_path / "enter.sh")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=host_environment())
    assert (done.returncode, done.stdout) == (97, "")
