"""Customizer scripts in emulated guests: identified by name and traits, run once, and visible on the disk."""

from pathlib import Path

import pytest

from emulators.arm import LinuxTraits, Simulator, SteppedClock, VmSpec, WindowsTraits
from emulators.arm.guests.emulated_linux import EmulatedLinuxGuest
from emulators.arm.guests.emulated_windows import EmulatedWindowsGuest
from emulators.arm.guests.model import Guest
from emulators.arm.guests.protocol import customizes
from tests.emulators.arm.fleet import GROUP, Sdk
from tests.emulators.arm.identity_scripts import LINUX_PARAMETERS, READ_IDENTITY_SH, UPDATE_PS1, UPDATE_SH
from tests.emulators.arm.run_commands import view_of
from tests.emulators.arm.scripts import DEPROVISION_SH, managed

OWN_SH = "#!/bin/sh\n# script: own-tools\nexit 1\n"
NOWHERE = Path("nowhere")


def guests() -> list[tuple[Guest, str]]:
    return [(EmulatedLinuxGuest(LinuxTraits()), UPDATE_SH), (EmulatedWindowsGuest(WindowsTraits()), UPDATE_PS1)]


async def test_it_runs_once_in_order_and_its_trace_goes_into_the_image():
    for guest, update in guests():
        for script in (OWN_SH, update):
            assert (await guest.run(script, {}, 60)).exit_code == 0
        assert guest.effects()[0] == "customized own-tools"
        assert guest.effects()[1].startswith("customized ")
        assert guest.freeze().packages == 1
        guest.boot()
        content = guest.freeze()
        assert content.guest(NOWHERE).freeze().packages == 1


async def test_the_trace_survives_deprovisioning_and_the_first_boot():
    guest = EmulatedLinuxGuest(LinuxTraits())
    await guest.run(UPDATE_SH, {}, 60)
    await guest.run(DEPROVISION_SH, LINUX_PARAMETERS, 60)
    await guest.run_scheduled("job-0")
    image = guest.freeze()
    built = image.guest(NOWHERE)
    built.provision("new", "builder")
    assert (image.deprovisioned, image.packages, built.freeze().packages) == (True, 1, 1)


async def test_it_ends_as_the_traits_set_it():
    linux = EmulatedLinuxGuest(LinuxTraits(customize={"own-tools": 7, "linux-packages-update": "hangs"}))
    windows = EmulatedWindowsGuest(WindowsTraits(customize={"windows-update": 3}))
    assert (await linux.run(OWN_SH, {}, 60)).exit_code == 7
    assert (await linux.run(UPDATE_SH, {}, 60)).never_ends
    assert (await windows.run(UPDATE_PS1, {"MaxMinutes": "5"}, 60)).exit_code == 3
    assert [guest.freeze().packages for guest in (linux, windows)] == [0, 0]
    assert linux.effects() == ("customized own-tools", "customized linux-packages-update")


@pytest.mark.parametrize("packages", ["fails", "locked"])
async def test_packages_that_cannot_be_updated_fail_an_update(packages: str):
    traits = LinuxTraits(packages=packages)  # pyright: ignore[reportArgumentType]
    guest = EmulatedLinuxGuest(traits)
    assert (await guest.run(UPDATE_SH, {}, 60)).exit_code == 1
    assert (await guest.run(OWN_SH, {}, 60)).exit_code == 0
    assert guest.freeze().packages == 0


async def test_windows_refuses_a_parameter_that_is_not_declared():
    guest = EmulatedWindowsGuest(WindowsTraits())
    assert (await guest.run(UPDATE_PS1, {"Colour": "red"}, 60)).exit_code == 1
    assert guest.effects() == ()


@pytest.mark.parametrize(
    "script",
    ["echo no marker", READ_IDENTITY_SH, DEPROVISION_SH + "# script: own-deprovision\n", "# script: two words\n"],
)
def test_other_scripts_customize_nothing(script: str):
    assert customizes(script) == ""


async def test_through_the_api_a_hanging_one_times_out(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.add_vm(VmSpec("hang1", linux=LinuxTraits(customize={"own-tools": "hangs"})))
    body = managed(OWN_SH)
    body["properties"]["timeoutInSeconds"] = 120
    commands = client.virtual_machine_run_commands
    for vm in ("hang1", "linux1"):
        await commands.begin_create_or_update(GROUP, vm, "run", body)
    await clock.advance(60)
    views = [await view_of(client, vm) for vm in ("hang1", "linux1")]
    assert [view.execution_state for view in views] == ["Running", "Succeeded"]
    await clock.advance(120)
    assert (await view_of(client, "hang1")).execution_state == "TimedOut"
    assert simulator.vm("linux1").guest.effects() == ("customized own-tools",)


async def test_a_restart_keeps_the_vm_and_changes_the_boot(simulator: Simulator, client: Sdk, clock: SteppedClock):
    guest = simulator.vm("linux1").guest
    parameters = {"GOLDEN_RUN_ID": "run-1", "GOLDEN_NONCE": "abc12345"}
    before = (await guest.run(READ_IDENTITY_SH, parameters, 30)).stdout
    again = (await guest.run(READ_IDENTITY_SH, parameters, 30)).stdout
    await client.virtual_machines.begin_restart(GROUP, "linux1", polling=False)
    await clock.advance(60)
    after = (await guest.run(READ_IDENTITY_SH, parameters, 30)).stdout
    assert before == again != after
    assert before.partition("bootId")[0] == after.partition("bootId")[0]
