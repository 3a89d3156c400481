"""The Linux script that tells who a machine is: on a source, and on machines made from clean and dirty images."""

import os
import random
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from guest.scripts import load_script
from tests.guest.machines import Machine, needs_sandbox
from workbench.guest_sandbox import LinuxGuest, LinuxTraits

pytestmark = needs_sandbox

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFreshFreshFresh new@laptop"
CLEAN = {"users": "", "authorizedKeys": "", "logs": ""}


async def tell(machine: Machine, known: str = "azureuser", old: str = "") -> dict[str, str]:
    result, answer = await machine.run("linux/read_identity.sh", GOLDEN_KNOWN_USER=known, GOLDEN_OLD_HOST=old)
    assert (result.exit_code, answer["outcome"], answer["code"], result.stderr) == (0, "identity", "", "")
    assert set(answer["facts"]) == {"hostName", "identity", "sshHostKeys", *CLEAN, "bootId"}
    return answer["facts"]


async def seal(folder: Path, **traits: Any) -> Machine:
    machine = Machine.make(folder, LinuxTraits(people=(), **traits))
    await machine.arm()
    await machine.seal()
    assert machine.guest.powered_off()
    return machine


def first_boot(machine: Machine, user: str = "verifier") -> Machine:
    machine.guest.provision("verify-1", user, KEY, random.Random(7))
    return machine


@dataclass(frozen=True)
class Image:
    """A machine that was sealed well: what it told before, and its disk."""

    source: dict[str, str]
    disk: Path

    def machine(self, folder: Path) -> Machine:
        """A new machine that was made from the image."""
        return first_boot(Machine(LinuxGuest(folder / "machine", LinuxTraits(people=()), picture=self.disk)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    machine = Machine.make(folder, LinuxTraits(people=()))
    source = await tell(machine)
    await machine.arm()
    await machine.seal()
    machine.guest.copy_disk_to(folder / "disk")
    return Image(source, folder / "disk")


def put(machine: Machine, path: str, text: str, *, older: bool = False) -> None:
    file = machine.guest.files / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if older:
        os.utime(file, (1, 1))


def keys(*homes: str) -> str:
    """The fact authorizedKeys for these homes."""
    return ",".join(f"/{home}/.ssh/authorized_keys" for home in homes)


def unlike(facts: dict[str, str]) -> dict[str, str]:
    return {name: facts[name] for name in CLEAN if facts[name] != CLEAN[name]}


async def test_the_source_tells_itself_and_changes_nothing(tmp_path: Path):
    machine = Machine.make(tmp_path)
    before = machine.snapshot()
    facts = await tell(machine)
    assert machine.snapshot() == before
    assert facts["hostName"] == machine.text("etc/hostname").strip()
    assert facts["identity"] == sha256(machine.text("etc/machine-id").strip().encode()).hexdigest()
    public = [file.read_text().split() for file in (machine.guest.files / "etc/ssh").glob("ssh_host_*_key.pub")]
    hashes = sorted(sha256(f"{kind} {blob}".encode()).hexdigest() for kind, blob, *_ in public)
    assert facts["sshHostKeys"] == ",".join(hashes)
    assert facts["users"] == "alice"
    assert facts["authorizedKeys"] == keys("home/alice", "root")
    assert facts["bootId"]


async def test_nobody_known_means_that_everybody_is_told(tmp_path: Path):
    facts = await tell(Machine.make(tmp_path), known="")
    assert facts["users"] == "azureuser,alice"
    assert keys("home/azureuser") in facts["authorizedKeys"]


async def test_a_machine_from_a_clean_image_is_another_one_with_nothing_left(tmp_path: Path, image: Image):
    source = image.source
    facts = await tell(image.machine(tmp_path), "verifier", source["hostName"])
    assert unlike(facts) == {}
    assert facts["hostName"] == "verify-1"
    assert facts["identity"] != source["identity"]
    assert set(facts["sshHostKeys"].split(",")).isdisjoint(source["sshHostKeys"].split(","))
    assert facts["bootId"] != source["bootId"]


async def test_another_boot_is_told(tmp_path: Path):
    machine = Machine.make(tmp_path)
    first = await tell(machine)
    machine.guest.boot()
    second = await tell(machine)
    assert first["bootId"] != second["bootId"]
    assert {**first, "bootId": ""} == {**second, "bootId": ""}


LEAVES = {
    "user": "users",
    "authorizedKeys": "authorizedKeys",
    "hostKeys": "sshHostKeys",
    "machineId": "identity",
    "logs": "logs",
    "hostName": "hostName",
}


@pytest.mark.parametrize(
    "leaves", [("user", "hostKeys"), ("authorizedKeys", "logs"), ("machineId", "hostName")], ids="+".join
)
async def test_what_a_dirty_image_carries_is_told_and_nothing_else(
    tmp_path: Path, image: Image, leaves: tuple[str, ...]
):
    source = image.source
    facts = await tell(first_boot(await seal(tmp_path, leaves=leaves)), "verifier", source["hostName"])
    carried = {name for name in ("hostName", "identity", "sshHostKeys") if facts[name] == source[name]}
    assert carried | set(unlike(facts)) == {LEAVES[name] for name in leaves}


async def test_roots_key_that_only_sends_the_known_user_away_is_cloud_inits(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    only_no = 'no-pty,command="echo \'Please login as the user \\"verifier\\" rather than root.\';sleep 10" '
    put(machine, "root/.ssh/authorized_keys", f"# by cloud-init\n\n{only_no}{KEY}\n")
    assert (await tell(machine, "verifier"))["authorizedKeys"] == ""
    for foreign in (f"{KEY}\n", f"{only_no}{KEY}\n{only_no}ssh-rsa AAAAforeign x\n"):
        put(machine, "root/.ssh/authorized_keys", foreign)
        assert (await tell(machine, "verifier"))["authorizedKeys"] == keys("root")


async def test_keys_in_a_home_that_lost_its_account_are_told_and_empty_files_are_not(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    put(machine, "home/gone/.ssh/authorized_keys2", "ssh-rsa AAAA gone\n")
    put(machine, "home/empty/.ssh/authorized_keys", "# nobody\n\n")
    assert (await tell(machine, "verifier"))["authorizedKeys"] == keys("home/gone") + "2"


async def test_accounts_of_services_are_nobody(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    with (machine.guest.files / "etc/passwd").open("a") as accounts:
        accounts.write("nobody:x:65534:65534::/:/usr/sbin/nologin\nsvc:x:1500:1500::/srv:/sbin/nologin\n")
        accounts.write("ntp:x:120:120::/:/bin/false\nbob:x:1600:1600::/srv/bob:/bin/sh\n")
    assert (await tell(machine, "verifier"))["users"] == "bob"
    put(machine, "etc/login.defs", "# UID_MIN 5\nUID_MIN\t\t 1700\n")
    assert (await tell(machine, "verifier"))["users"] == ""


async def test_logs_that_the_machine_rotated_itself_are_its_own(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    put(machine, "var/log/syslog.1", "new\n")
    put(machine, "var/log/dmesg.0", "", older=True)
    assert (await tell(machine, "verifier"))["logs"] == ""
    put(machine, "var/log/apt/history.log.1.gz", "old\n", older=True)
    put(machine, f"var/log/journal/{'a' * 32}/system.journal", "another machine's\n")
    own = machine.text("etc/machine-id").strip()
    put(machine, f"var/log/journal/{own}.audit/system.journal", "a namespace of its own\n")
    facts = await tell(machine, "verifier")
    assert facts["logs"] == f"/var/log/apt/history.log.1.gz,/var/log/journal/{'a' * 32}"


async def test_the_old_host_is_found_as_a_whole_name(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    for line, told in (
        ("127.0.1.1 web-1", True),
        ("127.0.1.1 WEB-1.internal.example", True),
        ("127.0.1.1 web-1-verify my-web-1 web-10", False),
    ):
        put(machine, "etc/hosts", f"{line}\n")
        assert (await tell(machine, "verifier", "web-1"))["logs"] == ("/etc/hosts" if told else ""), line


async def test_the_report_fits_however_much_was_left(tmp_path: Path, image: Image):
    machine = image.machine(tmp_path)
    for number in range(40):
        put(machine, f'var/log/{number:02}, {"long" * 30}".gz', "x\n", older=True)
        put(machine, f"home/{'someone' * 8}{number}/.ssh/authorized_keys", "ssh-rsa AAAA x\n")
    facts = await tell(machine, "verifier")
    assert facts["logs"].count(",") <= 4
    assert all(len(value) <= 560 for value in facts.values())


async def test_a_machine_without_an_identity_says_so_by_empty_facts(tmp_path: Path):
    machine = Machine.make(tmp_path)
    put(machine, "etc/machine-id", "")
    shutil.rmtree(machine.guest.files / "etc/ssh")
    put(machine, "etc/hostname", "localhost.localdomain\n")
    facts = await tell(machine)
    assert (facts["identity"], facts["sshHostKeys"]) == ("", "")
    assert facts["hostName"] not in ("", "localhost.localdomain")


async def test_values_that_do_not_fit_are_refused_and_not_repeated(tmp_path: Path):
    machine = Machine.make(tmp_path)
    for name, value in (
        ("GOLDEN_RUN_ID", "$(reboot)"),
        ("GOLDEN_NONCE", "xyz"),
        ("GOLDEN_KNOWN_USER", "a b"),
        ("GOLDEN_KNOWN_USER", "u" * 33),
        ("GOLDEN_OLD_HOST", ".*"),
        ("GOLDEN_OLD_HOST", "h" * 65),
    ):
        result, answer = await machine.run("linux/read_identity.sh", **{name: value})
        assert (result.exit_code, answer["outcome"], answer["code"]) == (10, "refused", "badParameters"), value
        assert name in answer["message"]
        assert value not in result.stdout


async def test_a_machine_that_can_hash_nothing_is_not_taken_for_a_fresh_one(tmp_path: Path):
    machine = Machine.make(tmp_path)
    for tool in ("sha256sum", "openssl", "python3"):
        (machine.guest.files / "usr/bin" / tool).unlink(missing_ok=True)
    result, answer = await machine.run("linux/read_identity.sh")
    assert (result.exit_code, answer["code"]) == (10, "toolMissing")


FOUND = [Path(found).resolve() for name in ("bash", "dash", "busybox") if (found := shutil.which(name))]
SHELLS = [shell for shell in FOUND if shell != Path("/bin/sh").resolve()]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda path: path.name)
async def test_any_bin_sh_tells_the_same(tmp_path: Path, image: Image, shell: Path):
    machine = Machine.make(tmp_path, LinuxTraits(people=()))
    sh = machine.guest.files / "usr/bin/sh"
    sh.unlink()
    sh.symlink_to(f"/.host{shell}")
    assert {**await tell(machine), "bootId": ""} == {**image.source, "bootId": ""}


def test_the_script_names_nothing_that_deprovisions():
    assert "-deprovision" not in load_script("linux/read_identity.sh").text
