"""The Linux identity script, on a source VM and on VMs created from clean and unclean images."""

import os
import random
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from emulators.guest import LinuxGuest, LinuxTraits
from guest.scripts import load_script
from tests.guest.vms import OTHER_SHELLS, Vm, needs_sandbox

pytestmark = needs_sandbox

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFreshFreshFresh new@laptop"
CLEAN = {"users": "", "authorizedKeys": "", "logs": ""}


async def report(vm: Vm, known: str = "azureuser", old: str = "") -> dict[str, str]:
    result, answer = await vm.run("linux/read_identity.sh", GOLDEN_KNOWN_USER=known, GOLDEN_OLD_HOST=old)
    assert (result.exit_code, answer["outcome"], answer["code"], result.stderr) == (0, "identity", "", "")
    assert set(answer["facts"]) == {"hostName", "identity", "sshHostKeys", *CLEAN, "bootId", "clock"}
    return answer["facts"]


async def deprovision(folder: Path, **traits: Any) -> Vm:
    vm = Vm.create(folder, LinuxTraits(people=(), **traits))
    await vm.request()
    await vm.deprovision()
    assert vm.guest.powered_off()
    return vm


def first_boot(vm: Vm, user: str = "verifier") -> Vm:
    vm.guest.provision("validate-1", user, KEY, random.Random(7))
    return vm


@dataclass(frozen=True)
class Image:
    """A VM that was deprovisioned successfully: its identity before that, and its disk."""

    source: dict[str, str]
    disk: Path

    def vm(self, folder: Path) -> Vm:
        """A new VM that was created from the image."""
        return first_boot(Vm(LinuxGuest(folder / "vm", LinuxTraits(people=()), snapshot=self.disk)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    vm = Vm.create(folder, LinuxTraits(people=()))
    source = await report(vm)
    await vm.request()
    await vm.deprovision()
    vm.guest.copy_disk_to(folder / "disk")
    return Image(source, folder / "disk")


def put(vm: Vm, path: str, text: str, *, older: bool = False) -> None:
    file = vm.guest.files / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if older:
        os.utime(file, (1, 1))


def keys(*homes: str) -> str:
    """The fact authorizedKeys for these homes."""
    return ",".join(f"/{home}/.ssh/authorized_keys" for home in homes)


def unlike(facts: dict[str, str]) -> dict[str, str]:
    return {name: facts[name] for name in CLEAN if facts[name] != CLEAN[name]}


async def test_the_source_reports_itself_and_changes_nothing(tmp_path: Path):
    vm = Vm.create(tmp_path)
    before = vm.snapshot()
    facts = await report(vm)
    assert vm.snapshot() == before
    assert facts["hostName"] == vm.text("etc/hostname").strip()
    assert facts["identity"] == sha256(vm.text("etc/machine-id").strip().encode()).hexdigest()
    public = [file.read_text().split() for file in (vm.guest.files / "etc/ssh").glob("ssh_host_*_key.pub")]
    hashes = sorted(sha256(f"{kind} {blob}".encode()).hexdigest() for kind, blob, *_ in public)
    assert facts["sshHostKeys"] == ",".join(hashes)
    assert facts["users"] == "alice"
    assert facts["authorizedKeys"] == keys("home/alice", "root")
    assert facts["bootId"]
    vm.guest.boot()
    again = await report(vm)
    assert again["bootId"] != facts["bootId"]
    now = {"bootId": "", "clock": ""}
    assert {**again, **now} == {**facts, **now}
    facts = await report(vm, known="")  # then every account is reported
    assert facts["users"] == "azureuser,alice"
    assert keys("home/azureuser") in facts["authorizedKeys"]


async def test_a_vm_from_a_clean_image_has_a_new_identity_and_no_residue(tmp_path: Path, image: Image):
    source = image.source
    facts = await report(image.vm(tmp_path), "verifier", source["hostName"])
    assert unlike(facts) == {}
    assert facts["hostName"] == "validate-1"
    assert facts["identity"] != source["identity"]
    assert set(facts["sshHostKeys"].split(",")).isdisjoint(source["sshHostKeys"].split(","))
    assert facts["bootId"] != source["bootId"]


LEAVES = {
    "user": "users",
    "authorizedKeys": "authorizedKeys",
    "hostKeys": "sshHostKeys",
    "vmId": "identity",
    "logs": "logs",
    "hostName": "hostName",
}


@pytest.mark.parametrize(
    "leaves", [("user", "hostKeys"), ("authorizedKeys", "logs"), ("vmId", "hostName")], ids="+".join
)
async def test_only_the_residue_of_an_unclean_image_is_reported(tmp_path: Path, image: Image, leaves: tuple[str, ...]):
    source = image.source
    facts = await report(first_boot(await deprovision(tmp_path, leaves=leaves)), "verifier", source["hostName"])
    carried = {name for name in ("hostName", "identity", "sshHostKeys") if facts[name] == source[name]}
    assert carried | set(unlike(facts)) == {LEAVES[name] for name in leaves}


async def test_the_key_that_cloud_init_gives_root_is_not_reported(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    only_no = 'no-pty,command="echo \'Please login as the user \\"verifier\\" rather than root.\';sleep 10" '
    put(vm, "root/.ssh/authorized_keys", f"# by cloud-init\n\n{only_no}{KEY}\n")
    assert (await report(vm, "verifier"))["authorizedKeys"] == ""
    for foreign in (f"{KEY}\n", f"{only_no}{KEY}\n{only_no}ssh-rsa AAAAforeign x\n"):
        put(vm, "root/.ssh/authorized_keys", foreign)
        assert (await report(vm, "verifier"))["authorizedKeys"] == keys("root")


async def test_keys_in_a_home_that_lost_its_account_are_reported_and_empty_files_are_not(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    put(vm, "home/gone/.ssh/authorized_keys2", "ssh-rsa AAAA gone\n")
    put(vm, "home/empty/.ssh/authorized_keys", "# nobody\n\n")
    assert (await report(vm, "verifier"))["authorizedKeys"] == keys("home/gone") + "2"


async def test_service_accounts_are_not_reported(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    with (vm.guest.files / "etc/passwd").open("a") as accounts:
        accounts.write("nobody:x:65534:65534::/:/usr/sbin/nologin\nsvc:x:1500:1500::/srv:/sbin/nologin\n")
        accounts.write("ntp:x:120:120::/:/bin/false\nbob:x:1600:1600::/srv/bob:/bin/sh\n")
    assert (await report(vm, "verifier"))["users"] == "bob"
    put(vm, "etc/login.defs", "# UID_MIN 5\nUID_MIN\t\t 1700\n")
    assert (await report(vm, "verifier"))["users"] == ""


async def test_logs_that_the_vm_rotated_itself_are_its_own(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    put(vm, "var/log/syslog.1", "new\n")
    put(vm, "var/log/dmesg.0", "", older=True)
    assert (await report(vm, "verifier"))["logs"] == ""
    put(vm, "var/log/apt/history.log.1.gz", "old\n", older=True)
    put(vm, f"var/log/journal/{'a' * 32}/system.journal", "another VM's\n")
    own = vm.text("etc/machine-id").strip()
    put(vm, f"var/log/journal/{own}.audit/system.journal", "a namespace of its own\n")
    facts = await report(vm, "verifier")
    assert facts["logs"] == f"/var/log/apt/history.log.1.gz,/var/log/journal/{'a' * 32}"


async def test_the_old_host_is_found_only_as_a_complete_name(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    for line, reported in (
        ("127.0.1.1 web-1", True),
        ("127.0.1.1 WEB-1.internal.example", True),
        ("127.0.1.1 web-1-validate my-web-1 web-10", False),
    ):
        put(vm, "etc/hosts", f"{line}\n")
        assert (await report(vm, "verifier", "web-1"))["logs"] == ("/etc/hosts" if reported else ""), line


async def test_the_report_fits_however_much_was_left(tmp_path: Path, image: Image):
    vm = image.vm(tmp_path)
    for number in range(40):
        put(vm, f'var/log/{number:02}, {"long" * 30}".gz', "x\n", older=True)
        put(vm, f"home/{'someone' * 8}{number}/.ssh/authorized_keys", "ssh-rsa AAAA x\n")
    facts = await report(vm, "verifier")
    assert facts["logs"].count(",") <= 4
    assert all(len(value) <= 560 for value in facts.values())


async def test_a_vm_without_an_identity_reports_empty_facts(tmp_path: Path):
    vm = Vm.create(tmp_path)
    put(vm, "etc/machine-id", "")
    shutil.rmtree(vm.guest.files / "etc/ssh")
    put(vm, "etc/hostname", "localhost.localdomain\n")
    facts = await report(vm)
    assert (facts["identity"], facts["sshHostKeys"]) == ("", "")
    assert facts["hostName"] not in ("", "localhost.localdomain")


async def test_values_that_do_not_fit_are_refused_and_not_repeated(tmp_path: Path):
    vm = Vm.create(tmp_path)
    for name, value in (
        ("GOLDEN_RUN_ID", "$(reboot)"),
        ("GOLDEN_NONCE", "xyz"),
        ("GOLDEN_KNOWN_USER", "a b"),
        ("GOLDEN_KNOWN_USER", "u" * 33),
        ("GOLDEN_OLD_HOST", ".*"),
        ("GOLDEN_OLD_HOST", "h" * 65),
    ):
        result, answer = await vm.run("linux/read_identity.sh", **{name: value})
        assert (result.exit_code, answer["outcome"], answer["code"]) == (10, "refused", "badParameters"), value
        assert name in answer["message"]
        assert value not in result.stdout


async def test_a_vm_without_a_hash_tool_is_refused(tmp_path: Path):
    vm = Vm.create(tmp_path)
    for tool in ("sha256sum", "openssl", "python3"):
        (vm.guest.files / "usr/bin" / tool).unlink(missing_ok=True)
    result, answer = await vm.run("linux/read_identity.sh")
    assert (result.exit_code, answer["code"]) == (10, "toolMissing")


@pytest.mark.parametrize("shell", OTHER_SHELLS, ids=lambda path: path.name)
async def test_any_bin_sh_reports_the_same(tmp_path: Path, image: Image, shell: Path):
    vm = Vm.create(tmp_path, LinuxTraits(people=()))
    sh = vm.guest.files / "usr/bin/sh"
    sh.unlink()
    sh.symlink_to(f"/.host{shell}")
    now = {"bootId": "", "clock": ""}
    assert {**await report(vm), **now} == {**image.source, **now}


def test_the_script_names_nothing_that_deprovisions():
    assert "-deprovision" not in load_script("linux/read_identity.sh").text
