"""Emulated guests take the product's own scripts for what they are."""

from pathlib import Path

import pytest

from guest.scripts import load_script
from tests.workbench.arm_simulator.identity_scripts import LINUX_ORDER, WINDOWS_ORDER, answer
from workbench.arm_simulator import LinuxTraits, WindowsTraits
from workbench.arm_simulator.guests.emulated_linux import EmulatedLinuxGuest
from workbench.arm_simulator.guests.emulated_windows import EmulatedWindowsGuest
from workbench.arm_simulator.guests.model import Guest
from workbench.arm_simulator.guests.protocol import prepares

#: What each script reports when all goes well.
OUTCOMES = {
    "linux/deprovision.sh": "armed",
    "linux/collect_evidence.sh": "evidence",
    "linux/read_identity.sh": "identity",
    "windows/deprovision.ps1": "sealed",
    "windows/collect_evidence.ps1": "evidence",
    "windows/read_identity.ps1": "identity",
}
PREPARE = {"prepare/linux-packages-update.sh": "linux-packages-update", "prepare/windows-update.ps1": "windows-update"}


def guest_for(name: str) -> tuple[Guest, dict[str, str]]:
    if name.endswith(".sh"):
        return EmulatedLinuxGuest(LinuxTraits()), LINUX_ORDER
    return EmulatedWindowsGuest(WindowsTraits()), WINDOWS_ORDER


@pytest.mark.parametrize("name", OUTCOMES)
async def test_each_script_ends_with_its_own_outcome(name: str):
    guest, order = guest_for(name)
    wanted = order if "deprovision" in name else {key: order[key] for key in list(order)[:2]}
    told = answer(await guest.run(load_script(name).text, wanted, 3600))
    assert (told["outcome"], told["runId"]) == (OUTCOMES[name], "run-1")


@pytest.mark.parametrize("name", PREPARE)
async def test_prepare_scripts_are_known_by_their_marker(name: str):
    text = (Path(__file__).parents[3] / "guest" / name).read_text()
    assert prepares(text) == PREPARE[name]
    guest, _ = guest_for(name)
    assert (await guest.run(text, {}, 3600)).exit_code == 0
    assert guest.effects() == (f"prepared {PREPARE[name]}",)
    assert guest.freeze().packages == 1


async def test_the_real_windows_script_takes_a_credential():
    guest = EmulatedWindowsGuest(WindowsTraits(build=26100, administrators={"admin1": "p"}))
    secret = {"SysprepUser": "admin1", "SysprepPassword": "p"}
    told = answer(await guest.run(load_script("windows/deprovision.ps1").text, {**WINDOWS_ORDER, **secret}, 3600))
    assert (told["outcome"], told["facts"]["sysprepUser"]) == ("sealed", "admin1")
