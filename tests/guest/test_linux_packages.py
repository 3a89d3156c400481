"""The packages update on each distribution: it works, it fails, the lock is held."""

import os
from pathlib import Path

import pytest

from emulators.guest import LinuxTraits, ScriptResult
from guest.allow_list import allowed
from tests.guest.vms import Vm, needs_sandbox

pytestmark = needs_sandbox

TOOLS = {
    "ubuntu-24.04": "apt-get",
    "rhel-9": "dnf",
    "centos-7": "yum",
    "sles-15": "zypper",
    "azurelinux-3": "tdnf",
}
APT_OPTIONS = "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --with-new-pkgs"
CALLS = {
    "apt-get": ["apt-get -q update", f"apt-get -q -y {APT_OPTIONS} upgrade", "apt-get clean"],
    "dnf": ["dnf -y --setopt=exit_on_lock=1 --refresh upgrade", "dnf clean all"],
    "yum": [
        "yum -y --setopt=exit_on_lock=1 clean expire-cache",
        "yum -y --setopt=exit_on_lock=1 update",
        "yum clean all",
    ],
    "zypper": [
        "zypper --non-interactive refresh",
        "zypper --non-interactive update --auto-agree-with-licenses",
        "zypper --non-interactive clean --all",
        "zypper --non-interactive needs-rebooting",
    ],
    "tdnf": ["tdnf -y --refresh update", "tdnf clean all"],
}


async def update(vm: Vm, **parameters: str) -> tuple[ScriptResult, str]:
    """Runs the script; returns its result and its last line."""
    result = await vm.guest.run(allowed("linux-packages-update").text, parameters)
    assert len(result.stdout) < 3_500
    return result, result.stdout.splitlines()[-1]


def replace(vm: Vm, tool: str, body: str) -> None:
    """Replaces a stub with another one that still records its calls."""
    record = f"printf '%s\\n' \"{tool}${{*:+ $*}}\" >>/.machine/effects\n"
    file = vm.guest.files / "usr/bin" / tool
    file.write_text(f"#!/bin/sh\n{record}{body}")
    file.chmod(0o755)


@pytest.mark.parametrize("distribution", TOOLS)
async def test_every_package_manager_updates_and_cleans_up(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution))
    tool = TOOLS[distribution]
    result, last = await update(vm)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Every package is up to date ({tool})." in result.stdout
    assert vm.calls(tool) == CALLS[tool]
    assert vm.text("var/lib/packages-updated").strip() == "1"
    assert list((vm.guest.files / "tmp").glob("tmp.*")) == []
    if tool == "tdnf":  # no tool reports it: the kernel modules of this computer decide
        assert last.removeprefix("REBOOT-WANTED: ") in ("yes", "no")
    else:
        assert last == "REBOOT-WANTED: yes"


@pytest.mark.parametrize("distribution", ["rhel-9", "sles-15"])
async def test_no_reboot_is_needed_when_nothing_was_updated(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution))
    replace(vm, TOOLS[distribution], "exit 0\n")
    result, last = await update(vm)
    assert (result.exit_code, last) == (0, "REBOOT-WANTED: no")


@pytest.mark.parametrize(("running", "wanted"), [("6.1-old", "yes"), ("6.8-new", "no")])
async def test_without_a_tool_that_reports_it_a_newer_kernel_needs_the_reboot(
    tmp_path: Path, running: str, wanted: str
):
    vm = Vm.create(tmp_path)
    replace(vm, "apt-get", "exit 0\n")
    replace(vm, "uname", f"echo {running}\n")
    for age, kernel in enumerate(("6.8-new", "6.1-old")):
        folder = vm.guest.files / "usr/lib/modules" / kernel
        folder.mkdir(parents=True)
        os.utime(folder, (4_000_000_000 - age, 4_000_000_000 - age))  # newer than any kernel of this computer
    _, last = await update(vm)
    assert last == f"REBOOT-WANTED: {wanted}"


@pytest.mark.parametrize("distribution", ["ubuntu-24.04", "rhel-9", "sles-15"])
async def test_a_failure_is_reported_with_its_reason(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution, packages="fails"))
    result, last = await update(vm)
    assert (result.exit_code, last) == (20, "REBOOT-WANTED: no")
    assert TOOLS[distribution] in result.stdout.splitlines()[-2]
    assert len(result.stdout.splitlines()) >= 3
    assert not vm.exists("var/lib/packages-updated")
    assert vm.calls("sleep") == []


@pytest.mark.parametrize("distribution", TOOLS)
async def test_the_wait_for_a_lock_ends(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution, packages="locked"))
    result, last = await update(vm, GOLDEN_LOCK_WAIT_SECONDS="25")
    assert (result.exit_code, last) == (30, "REBOOT-WANTED: no")
    assert vm.calls("sleep") == ["sleep 10"] * 3
    assert f"Another program held the lock of {TOOLS[distribution]} for 25 seconds." in result.stdout
    assert not vm.exists("var/lib/packages-updated")


async def test_a_released_lock_is_taken(tmp_path: Path):
    vm = Vm.create(tmp_path)
    body = "[ -e /taken ] || { : >/taken; echo 'E: Could not get lock /var/lib/apt/lists/lock'; exit 100; }\n"
    replace(vm, "apt-get", body)
    result, _ = await update(vm)
    assert result.exit_code == 0
    assert vm.calls("sleep") == ["sleep 10"]
    assert vm.calls("apt-get")[:2] == ["apt-get -q update"] * 2


@pytest.mark.parametrize(("ends", "exit_code", "rounds"), [("102", 0, 1), ("103", 20, 3), ("4", 20, 1)])
async def test_what_zypper_means_by_its_exit_codes(tmp_path: Path, ends: str, exit_code: int, rounds: int):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="sles-15"))
    replace(vm, "zypper", f'case "$*" in *update*) exit {ends} ;; esac\n')
    result, last = await update(vm)
    assert result.exit_code == exit_code
    assert [call for call in vm.calls("zypper") if " update" in call] == [CALLS["zypper"][1]] * rounds
    assert last == ("REBOOT-WANTED: yes" if ends == "102" else "REBOOT-WANTED: no")


async def test_zypper_is_called_again_after_it_updated_itself(tmp_path: Path):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="sles-15"))
    replace(vm, "zypper", 'case "$*" in *update*) [ -e /again ] || { : >/again; exit 103; } ;; esac\n')
    result, _ = await update(vm)
    assert result.exit_code == 0


async def test_a_vm_without_a_package_manager(tmp_path: Path):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="flatcar"))
    result, last = await update(vm)
    assert (result.exit_code, last) == (12, "REBOOT-WANTED: no")


async def test_an_invalid_wait_is_refused_and_not_repeated(tmp_path: Path):
    vm = Vm.create(tmp_path)
    for value in ("-1", "99999", "3601"):
        result, _ = await update(vm, GOLDEN_LOCK_WAIT_SECONDS=value)
        assert result.exit_code == 10
        assert value not in result.stdout
    assert vm.calls("apt-get") == []


async def test_a_password_in_an_address_is_not_shown(tmp_path: Path):
    vm = Vm.create(tmp_path)
    replace(vm, "apt-get", "echo 'E: Failed to fetch https://me:hunter2@example.org/x 404' && exit 100\n")
    result, _ = await update(vm)
    assert result.exit_code == 20
    assert "hunter2" not in result.stdout
    assert "https://***@example.org/x" in result.stdout


def test_every_exit_code_is_in_the_header():
    text = allowed("linux-packages-update").text
    header = text[: text.index("set -u")]
    assert all(f" {code} " in header for code in (0, 10, 11, 12, 20, 30))
