"""Copies of a VM's disk: what is copied, what is not, and that nothing is shared."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulators.guest import LinuxGuest, LinuxTraits, sandbox_kind
from emulators.guest.copying import copy_disk, copy_entry

pytestmark = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)
WHO = "hostname; uname -n; cat /etc/machine-id /etc/ssh/ssh_host_rsa_key.pub /proc/sys/kernel/random/boot_id"


@pytest.fixture
def source(tmp_path: Path) -> LinuxGuest:
    return LinuxGuest(tmp_path / "source", LinuxTraits(host_name="vm-7"))


def clone(source: LinuxGuest, folder: Path, traits: LinuxTraits | None = None) -> LinuxGuest:
    source.copy_disk_to(folder / "snapshot")
    return LinuxGuest(folder / "clone", traits or LinuxTraits(host_name="vm-7"), snapshot=folder / "snapshot")


async def test_a_copy_boots_as_the_same_vm_with_another_boot_id(source: LinuxGuest, tmp_path: Path):
    await source.run("echo mine >/etc/motd", {})
    copy = clone(source, tmp_path)
    ours, theirs = [(await guest.run(WHO, {})).stdout.splitlines() for guest in (source, copy)]
    assert theirs[:2] == ["vm-7", "vm-7"]
    assert theirs[:-1] == ours[:-1]
    assert theirs[-1] != ours[-1]
    assert (await copy.run("cat /etc/motd; cut -d: -f1 /etc/passwd", {})).stdout.split() == [
        *("mine", "root", "daemon", "azureuser", "alice")
    ]


async def test_the_effects_and_jobs_of_the_source_are_not_copied(source: LinuxGuest, tmp_path: Path):
    source.set_clock(datetime(2031, 5, 6, tzinfo=UTC))
    await source.run("systemd-run --on-active=9 /bin/true; echo x >/dev/ttyS0; echo x >/run/volatile", {})
    copy = clone(source, tmp_path)
    assert (copy.effects(), copy.scheduled(), copy.serial_log()) == ((), (), "")
    assert (await copy.run("cat /run/volatile", {})).exit_code != 0
    assert not (await copy.run("date -u +%Y", {})).stdout.startswith("2031")
    assert (await copy.run("echo two >/dev/console", {})).exit_code == 0
    assert copy.serial_log() == "two\n"
    assert len(source.scheduled()) == 1


async def test_the_agents_state_is_on_the_disk(source: LinuxGuest, tmp_path: Path):
    for _ in range(2):
        await source.run("true", {})
    copy = clone(source, tmp_path)
    assert copy.remembers_scripts()
    assert (await copy.run("echo third", {})).stdout == "third\n"


async def test_nothing_is_shared(source: LinuxGuest, tmp_path: Path):
    copy = clone(source, tmp_path)
    await copy.run("echo changed >>/etc/passwd; rm -f /etc/hostname; echo altered >/usr/sbin/waagent", {})
    for untouched in (source.files, tmp_path / "snapshot"):
        assert "changed" not in (untouched / "etc/passwd").read_text()
        assert (untouched / "etc/hostname").read_text() == "vm-7\n"
        assert "altered" not in (untouched / "usr/sbin/waagent").read_text()
    ours = {(entry.st_dev, entry.st_ino) for entry in map(Path.lstat, source.files.rglob("*"))}
    theirs = {(entry.st_dev, entry.st_ino) for entry in map(Path.lstat, copy.files.rglob("*"))}
    assert not ours & theirs


async def test_a_copy_of_a_vm_that_is_off_runs(source: LinuxGuest, tmp_path: Path):
    await source.run("poweroff", {})
    copy = clone(source, tmp_path)
    assert copy.agent_running()
    assert (await copy.run("echo up", {})).stdout == "up\n"


async def test_a_complete_copy_is_reused_and_an_incomplete_one_is_created_again(source: LinuxGuest, tmp_path: Path):
    copy = clone(source, tmp_path)
    await copy.run("echo mine >/etc/motd", {})
    again = LinuxGuest(tmp_path / "clone", LinuxTraits(host_name="vm-7"), snapshot=tmp_path / "snapshot")
    assert (again.files / "etc/motd").exists()
    (again.files / ".machine/complete").unlink()
    anew = LinuxGuest(tmp_path / "clone", LinuxTraits(host_name="vm-7"), snapshot=tmp_path / "snapshot")
    assert not (anew.files / "etc/motd").exists()


def test_files_that_disappear_meanwhile_are_skipped(source: LinuxGuest, tmp_path: Path):
    copy_entry(source.files / "tmp/gone", tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    os.mkfifo(source.files / "tmp/pipe")  # reading it would block
    copy_disk(source.files, tmp_path / "snapshot")
    assert sorted(os.listdir(tmp_path / "snapshot/tmp")) == ["left-over"]


def test_links_and_times_are_kept(source: LinuxGuest, tmp_path: Path):
    os.utime(source.files / "var/log/syslog.1", ns=(5_000_000_000, 5_000_000_000))
    copy_disk(source.files, tmp_path / "snapshot")
    assert os.readlink(tmp_path / "snapshot/var/run") == "../run"
    assert (tmp_path / "snapshot/usr/bin/sh").is_symlink()
    assert (tmp_path / "snapshot/var/log/syslog.1").stat().st_mtime == 5
