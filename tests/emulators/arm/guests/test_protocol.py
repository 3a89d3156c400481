"""Emulated guests recognize the built-in scripts."""

from pathlib import Path

import pytest

from emulators.arm import LinuxTraits, WindowsTraits
from emulators.arm.guests.emulated_linux import EmulatedLinuxGuest
from emulators.arm.guests.emulated_windows import EmulatedWindowsGuest
from emulators.arm.guests.model import Guest
from emulators.arm.guests.protocol import customizes
from guest.scripts import load_script
from tests.emulators.arm.identity_scripts import LINUX_PARAMETERS, WINDOWS_PARAMETERS, answer

#: What each script reports on success.
OUTCOMES = {
    "linux/deprovision.sh": "requested",
    "linux/collect_evidence.sh": "evidence",
    "linux/read_identity.sh": "identity",
    "windows/deprovision.ps1": "deprovisioned",
    "windows/collect_evidence.ps1": "evidence",
    "windows/read_identity.ps1": "identity",
}
CUSTOMIZE = {
    "customizers/linux-packages-update.sh": "linux-packages-update",
    "customizers/windows-update.ps1": "windows-update",
}


def guest_for(name: str) -> tuple[Guest, dict[str, str]]:
    if name.endswith(".sh"):
        return EmulatedLinuxGuest(LinuxTraits()), LINUX_PARAMETERS
    return EmulatedWindowsGuest(WindowsTraits()), WINDOWS_PARAMETERS


@pytest.mark.parametrize("name", OUTCOMES)
async def test_each_script_ends_with_its_own_outcome(name: str):
    guest, parameters = guest_for(name)
    wanted = parameters if "deprovision" in name else {key: parameters[key] for key in list(parameters)[:2]}
    reported = answer(await guest.run(load_script(name).text, wanted, 3600))
    assert (reported["outcome"], reported["runId"]) == (OUTCOMES[name], "run-1")


@pytest.mark.parametrize("name", CUSTOMIZE)
async def test_customizer_scripts_are_recognized_by_their_name_line(name: str):
    text = (Path(__file__).parents[4] / "guest" / name).read_text()
    assert customizes(text) == CUSTOMIZE[name]
    guest, _ = guest_for(name)
    assert (await guest.run(text, {}, 3600)).exit_code == 0
    assert guest.effects() == (f"customized {CUSTOMIZE[name]}",)
    assert guest.freeze().packages == 1


async def test_the_real_windows_script_takes_a_credential():
    guest = EmulatedWindowsGuest(WindowsTraits(build=26100, administrators={"admin1": "p"}))
    secret = {"SysprepUser": "admin1", "SysprepPassword": "p"}
    reported = answer(
        await guest.run(load_script("windows/deprovision.ps1").text, {**WINDOWS_PARAMETERS, **secret}, 3600)
    )
    assert (reported["outcome"], reported["facts"]["sysprepUser"]) == ("deprovisioned", "admin1")
