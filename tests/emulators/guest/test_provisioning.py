"""The first boot of a generalized image, and the residue of an incomplete deprovisioning after it."""

from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from emulators.guest import LinuxGuest, LinuxTraits, sandbox_kind
from emulators.guest.traits import ORPHANS

pytestmark = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)
KEY = "ssh-ed25519 BBBB builder"
#: A complete script: waagent, and what a deprovision script removes in addition.
DEPROVISION = """waagent -deprovision+user -force
rm -rf /var/log/journal/* /var/log/*.1 /root/.ssh /home/*/.ssh /var/lib/dbus/machine-id
: >/etc/machine-id; : >/var/log/syslog; : >/var/log/auth.log; rm -f /var/log/cloud-init.log
poweroff"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of a VM that was deprovisioned completely."""
    folder = tmp_path_factory.mktemp("image")
    source = LinuxGuest(folder / "source", LinuxTraits())
    await source.run(DEPROVISION, {})
    source.copy_disk_to(folder / "snapshot")
    return folder / "snapshot"


def built(folder: Path, snapshot: Path) -> LinuxGuest:
    guest = LinuxGuest(folder / "built", LinuxTraits(), snapshot=snapshot)
    guest.provision("new-vm", "builder", KEY, Random(7))
    return guest


def text(guest: LinuxGuest, path: str) -> str:
    return (guest.files / path).read_text()


def identity(guest: LinuxGuest) -> list[str]:
    names = ("etc/machine-id", "etc/ssh/ssh_host_rsa_key.pub", "etc/ssh/ssh_host_ed25519_key.pub")
    return [text(guest, name) for name in names]


async def test_the_first_boot_creates_a_new_identity(tmp_path: Path, snapshot: Path):
    guest = built(tmp_path, snapshot)
    fresh = LinuxGuest(tmp_path / "fresh", LinuxTraits())
    assert not set(identity(guest)) & set(identity(fresh))
    assert len(text(guest, "etc/machine-id").strip()) == 32
    assert (await guest.run("hostname; uname -n; cat /etc/hostname", {})).stdout.split() == ["new-vm"] * 3
    assert text(guest, "home/builder/.ssh/authorized_keys") == KEY + "\n"
    assert "builder:x:1002:" in text(guest, "etc/passwd")
    assert "azureuser" not in text(guest, "etc/passwd") + text(guest, "etc/shadow") + text(guest, "etc/group")
    assert "<wa:UserName>builder<" in text(guest, "var/lib/waagent/ovf-env.xml")
    assert "source-vm" not in text(guest, "var/log/syslog")
    assert guest.agent_running()


def test_identities_come_from_the_random_generator_and_without_a_user_none_is_created(tmp_path: Path, snapshot: Path):
    resource: list[list[str]] = []
    for number, seed in enumerate((1, 1, 2)):
        guest = LinuxGuest(tmp_path / str(number), LinuxTraits(), snapshot=snapshot)
        guest.provision("vm", None, None, Random(seed))
        resource.append(identity(guest))
        names = [line.split(":")[0] for line in text(guest, "etc/passwd").splitlines()]
        assert names == ["root", "daemon", "alice"]
        assert not (guest.files / "var/lib/waagent/ovf-env.xml").exists()
    assert resource[0] == resource[1]
    assert not set(resource[1]) & set(resource[2])


async def test_a_provisioned_vm_can_be_deprovisioned_again(tmp_path: Path, snapshot: Path):
    guest = built(tmp_path, snapshot)
    assert not guest.deprovisioned()
    await guest.run(DEPROVISION, {})
    assert guest.deprovisioned()
    assert "builder" not in text(guest, "etc/passwd")
    guest.boot()
    assert not guest.deprovisioned()


def residue(guest: LinuxGuest, before: list[str]) -> set[str]:
    """The residue of the source in the guest; `before` was the source's identity."""
    host_keys = {file.read_text() for file in (guest.files / "etc/ssh").glob("ssh_host_*.pub")}
    logs = "".join(file.read_text() for file in (guest.files / "var/log").rglob("*") if file.is_file())
    seen = {
        "user": "azureuser" in text(guest, "etc/passwd"),
        "authorizedKeys": (guest.files / "root/.ssh/authorized_keys").exists(),
        "hostKeys": bool(host_keys & set(before)),
        "vmId": text(guest, "etc/machine-id") in before,
        "logs": "source-vm" in logs,
        "hostName": text(guest, "etc/hostname") == "source-vm\n",
    }
    return {name for name, is_seen in seen.items() if is_seen}


@pytest.mark.parametrize("left", [(), ORPHANS[::2], ORPHANS[1::2], ORPHANS])
async def test_residue_is_visible_after_the_first_boot(tmp_path: Path, left: tuple[str, ...]):
    traits = LinuxTraits(leaves=left)
    source = LinuxGuest(tmp_path / "source", traits)
    before = identity(source)
    assert residue(source, before) == set(ORPHANS)
    await source.run(DEPROVISION, {})
    assert source.deprovisioned()
    assert residue(source, before) == set(left)
    source.copy_disk_to(tmp_path / "snapshot")
    guest = LinuxGuest(tmp_path / "built", traits, snapshot=tmp_path / "snapshot")
    guest.provision("new-vm", "builder", KEY, Random(7))
    assert residue(guest, before) == set(left)


async def test_a_failed_deprovisioning_does_not_count(tmp_path: Path):
    source = LinuxGuest(tmp_path / "source", LinuxTraits(waagent="fails", leaves=("user",)))
    await source.run("waagent -deprovision+user -force", {})
    assert not source.deprovisioned()


@pytest.mark.parametrize(("host", "user"), [("bad name", None), ("vm", "Bad User"), ("", None)])
async def test_invalid_names_are_refused(tmp_path: Path, host: str, user: str | None):
    guest = LinuxGuest(tmp_path / "vm", LinuxTraits())
    with pytest.raises(ValueError, match="not a"):
        guest.provision(host, user, None, Random(1))
    assert text(guest, "etc/hostname") == "source-vm\n"


def test_an_unknown_kind_of_residue_is_refused():
    with pytest.raises(ValueError, match="swapfile"):
        LinuxTraits(leaves=("swapfile",))
