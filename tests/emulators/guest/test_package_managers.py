"""The stubs of package managers: each distribution has its own, and they fail as the real ones do."""

from pathlib import Path
from typing import Literal

import pytest

from emulators.guest import LinuxGuest, LinuxTraits, sandbox_kind

pytestmark = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)
UPDATES = {
    "ubuntu-22.04": "apt-get -q -y -o Dpkg::Options::=--force-confold upgrade",
    "rhel-9": "dnf -y upgrade",
    "centos-7": "yum -y update",
    "sles-15": "zypper --non-interactive update",
    "azurelinux-3": "tdnf -y update",
}
MANAGERS = ("apt-get", "dnf", "yum", "zypper", "tdnf")


def vm(folder: Path, distribution: str, packages: Literal["ok", "fails", "locked"] = "ok") -> LinuxGuest:
    return LinuxGuest(folder / "vm", LinuxTraits(distribution=distribution, packages=packages))


@pytest.mark.parametrize("distribution", UPDATES)
async def test_each_distribution_has_its_own_and_an_update_leaves_a_trace(tmp_path: Path, distribution: str):
    guest = vm(tmp_path, distribution)
    there = (await guest.run(f"for m in {' '.join(MANAGERS)}; do command -v $m; done; true", {})).stdout
    update = UPDATES[distribution]
    assert there.split() == [f"/usr/bin/{update.split()[0]}"]
    assert (await guest.run(f"{update}; {update}", {})).exit_code == 0
    assert (guest.files / "var/lib/packages-updated").read_text() == "2\n"
    assert guest.effects() == (update, update)


async def test_flatcar_has_no_package_manager(tmp_path: Path):
    assert (await vm(tmp_path, "flatcar").run(f"command -v {' '.join(MANAGERS)}", {})).stdout == ""


@pytest.mark.parametrize(
    ("distribution", "failed", "locked"),
    [("ubuntu-22.04", 100, 100), ("rhel-9", 1, 200), ("sles-15", 4, 7)],
)
async def test_failures_look_like_the_real_ones(tmp_path: Path, distribution: str, failed: int, locked: int):
    for number, packages in enumerate(("fails", "locked")):
        guest = vm(tmp_path / packages, distribution, packages)
        result = await guest.run(UPDATES[distribution], {})
        assert result.exit_code == (failed, locked)[number]
        assert ("lock" in result.stderr) is (packages == "locked")
        assert not (guest.files / "var/lib/packages-updated").exists()


WANTS = {
    "ubuntu-22.04": "[ ! -e /var/run/reboot-required ]",
    "rhel-9": "needs-restarting -r",
    "sles-15": "zypper needs-rebooting",
}


@pytest.mark.parametrize("distribution", WANTS)
async def test_an_update_needs_a_reboot_until_the_next_boot(tmp_path: Path, distribution: str):
    guest = vm(tmp_path, distribution)
    codes = [(await guest.run(WANTS[distribution], {})).exit_code]
    await guest.run(UPDATES[distribution], {})
    codes.append((await guest.run(WANTS[distribution], {})).exit_code)
    guest.boot()
    codes.append((await guest.run(WANTS[distribution], {})).exit_code)
    assert codes == [0, 102 if distribution == "sles-15" else 1, 0]
    assert (guest.files / "var/lib/packages-updated").exists()


async def test_an_unsupported_command_is_reported(tmp_path: Path):
    result = await vm(tmp_path, "rhel-9").run("dnf history undo 3", {})
    assert result.exit_code == 1
    assert "'history' is not simulated" in result.stderr
