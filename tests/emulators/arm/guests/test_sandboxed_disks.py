"""Disks of sandboxed Linux guests: real file trees, copied late, and the real scripts run in the copies."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from emulators.arm import LinuxTraits
from emulators.arm.guests.sandboxed_linux import SandboxedLinuxGuest, linux_guest, sandbox_kind
from emulators.arm.guests.traits import LinuxResidue
from guest.scripts import load_script
from tests.emulators.arm.identity_scripts import LINUX_PARAMETERS, REAL_IDENTITY, UPDATE_SH, identity

pytestmark = pytest.mark.skipif(sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) works here")
KEY = "ssh-ed25519 AAAA builder"
READ = REAL_IDENTITY.read_text()
type Make = Callable[..., SandboxedLinuxGuest]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def create(*leaves: LinuxResidue) -> SandboxedLinuxGuest:
        return SandboxedLinuxGuest(tmp_path / "1-vm-7", LinuxTraits(leaves=leaves), host_name="vm-7")

    return create


async def deprovision(guest: SandboxedLinuxGuest) -> None:
    outcome = await guest.run(load_script("linux/deprovision.sh").text, LINUX_PARAMETERS, 30)
    assert outcome.exit_code == 0, outcome.stdout
    await guest.run_scheduled(guest.scheduled()[-1].id)
    assert guest.powered_off()


async def test_a_disk_without_a_file_tree_is_only_its_traits(make: Make, tmp_path: Path):
    source = make()
    content = source.freeze()
    copy = content.guest(tmp_path / "2-copy")
    assert (content.packages, content.deprovisioned, content.system) == (0, False, "Linux")
    assert (copy.freeze().tree, copy.remembers_scripts(), os.listdir(tmp_path)) == (None, False, [])
    ours, theirs = await identity(source, script=READ), await identity(copy, script=READ)
    assert ours.pop("bootId") != theirs.pop("bootId")
    assert ours == theirs
    assert ours["hostName"] == "vm-7"


async def test_a_snapshot_has_the_content_of_its_moment_and_is_copied_at_first_use(make: Make, tmp_path: Path):
    source = make()
    await source.run("echo one >/etc/motd", {}, 30)
    first = source.freeze()
    assert source.freeze() is first
    await source.run("echo two >/etc/motd; systemd-run --on-active=9 /bin/true", {}, 30)
    second = source.freeze()
    copies = [first.guest(tmp_path / "2-a"), second.guest(tmp_path / "3-b")]
    assert copies[0].remembers_scripts()
    assert sorted(os.listdir(tmp_path)) == ["1-vm-7", "1-vm-7-pictures"]
    assert [(await copy.run("cat /etc/motd", {}, 30)).stdout for copy in copies] == ["one\n", "two\n"]
    assert copies[1].scheduled() == ()
    assert copies[1].effects() == ()


async def test_a_copy_of_a_copy(make: Make, tmp_path: Path):
    source = make()
    await source.run("echo one >/etc/motd", {}, 30)
    copy = source.freeze().guest(tmp_path / "2-a")
    again = copy.freeze().guest(tmp_path / "3-b")
    assert not (tmp_path / "2-a").exists()
    assert (await again.run("cat /etc/motd", {}, 30)).stdout == "one\n"


async def test_updates_are_in_the_image_and_a_temporary_vm_is_its_own(make: Make, tmp_path: Path):
    source = make()
    old = await identity(source, "azureuser", script=READ)
    await source.run(UPDATE_SH.replace("exit 1", "apt-get -y upgrade"), {}, 30)
    assert source.effects() == ("customized linux-packages-update", "apt-get -y upgrade")
    await deprovision(source)
    image = source.freeze()
    assert (image.deprovisioned, image.packages) == (True, 1)
    guest = image.guest(tmp_path / "2-new")
    guest.provision("new-1", "builder", key=KEY, rng=Random(3))
    assert not (tmp_path / "2-new").exists()
    new = await identity(guest, "builder", "vm-7", script=READ)
    assert (new["hostName"], new["users"], new["authorizedKeys"], new["logs"]) == ("new-1", "", "", "")
    assert not set(new["sshHostKeys"].split(",")) & set(old["sshHostKeys"].split(","))
    assert new["identity"] != old["identity"]
    assert (guest.freeze().deprovisioned, guest.freeze().packages) == (False, 1)


async def test_the_real_identity_script_finds_what_the_real_script_left(make: Make, tmp_path: Path):
    source = make("user", "authorizedKeys", "vmId", "logs")
    old = await identity(source, script=READ)
    await deprovision(source)
    guest = source.freeze().guest(tmp_path / "2-new")
    guest.provision("new-1", "builder", key=KEY, rng=Random(3))
    new = await identity(guest, "builder", "vm-7", script=READ)
    assert (new["hostName"], new["users"], new["identity"]) == ("new-1", "azureuser", old["identity"])
    assert "/root/.ssh/authorized_keys" in new["authorizedKeys"]
    assert "/var/log/auth.log" in new["logs"]
    assert not set(new["sshHostKeys"].split(",")) & set(old["sshHostKeys"].split(","))


async def test_a_vm_with_a_file_tree_can_be_provisioned(make: Make):
    source = make()
    await deprovision(source)
    source.provision("new-1", None, rng=Random(3))
    assert (await source.run("hostname", {}, 30)).stdout == "new-1\n"


def test_the_name_of_the_vm_is_its_host_name(tmp_path: Path):
    for emulate in (True, False):
        guest = linux_guest(tmp_path / "vm", LinuxTraits(), emulate, host_name="vm-9")
        assert "vm-9" in repr(guest.freeze())
    odd = SandboxedLinuxGuest(tmp_path / "odd", LinuxTraits(), host_name="_odd_vm.1" + "x" * 70)
    assert odd.freeze().host_name == ("odd-vm.1" + "x" * 70)[:62]
