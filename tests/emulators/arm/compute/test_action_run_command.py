"""Run Command in its action form: one at a time, both headers, and the effects of a stopped agent."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of, vm_path

SHELL = {"commandId": "RunShellScript", "script": ["echo hello"]}


async def test_linux_answers_with_one_entry_and_windows_with_two(client: Sdk, clock: SteppedClock):
    linux = await client.virtual_machines.begin_run_command(GROUP, "linux1", SHELL)
    windows = await client.virtual_machines.begin_run_command(GROUP, "windows1", {"commandId": "RunPowerShellScript"})
    await clock.advance(30)
    (entry,) = (await linux.result()).value
    assert entry.code == "ProvisioningState/succeeded"
    assert entry.message.startswith("Enable succeeded: \n[stdout]\n")
    codes = [entry.code for entry in (await windows.result()).value]
    assert codes == ["ComponentStatus/StdOut/succeeded", "ComponentStatus/StdErr/succeeded"]


async def test_both_polling_urls_are_returned_and_the_status_body_has_the_output_too(raw: Raw, clock: SteppedClock):
    answer = await raw("POST", vm_path("linux1", "/runCommand"), SHELL)
    assert (answer.status, answer.text) == (202, "")
    assert "monitor=true" in answer.headers["Location"]
    assert (await raw("GET", answer.headers["Location"])).status == 202
    await clock.advance(30)
    status = (await raw("GET", answer.headers["Azure-AsyncOperation"])).body
    result = (await raw("GET", answer.headers["Location"])).body
    assert status["status"] == "Succeeded"
    assert status["properties"]["output"] == result
    assert set(result) == {"value"}


async def test_one_at_a_time(client: Sdk, clock: SteppedClock):
    await client.virtual_machines.begin_run_command(GROUP, "linux1", SHELL)
    with pytest.raises(ResourceExistsError) as refused:
        await client.virtual_machines.begin_run_command(GROUP, "linux1", SHELL)
    assert code_of(refused) == "Conflict"
    await clock.advance(30)
    await client.virtual_machines.begin_run_command(GROUP, "linux1", SHELL)


async def test_waagent_run_directly_hangs_and_blocks_every_later_call(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    direct = {"commandId": "RunShellScript", "script": ["sudo waagent -deprovision+user --force"]}
    poller = await client.virtual_machines.begin_run_command(GROUP, "linux1", direct)
    await clock.advance(5000)
    assert poller.status() == "InProgress"
    assert [effect.kind for effect in simulator.vm("linux1").effects] == ["waagent"]
    await clock.advance(1000)
    with pytest.raises(HttpResponseError, match="VMExtensionProvisioningTimeout"):
        await poller.result()
    with pytest.raises(ResourceExistsError, match="Run command extension execution is in progress"):
        await client.virtual_machines.begin_run_command(GROUP, "linux1", SHELL)


async def test_scheduled_for_later_it_reports_and_then_powers_off(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    line = "echo 'sudo waagent -deprovision+user --force && poweroff' | at -M now + 1 minutes"
    poller = await client.virtual_machines.begin_run_command(GROUP, "linux1", {**SHELL, "script": [line]})
    await clock.advance(30)
    await poller.result()
    assert simulator.vm("linux1").power_state == "PowerState/running"
    await clock.advance(60)
    assert simulator.vm("linux1").power_state == "PowerState/stopped"


async def test_a_vm_that_the_platform_stopped_takes_none_and_one_that_the_guest_stopped_hangs(
    client: Sdk, clock: SteppedClock
):
    for name in ("stopped1", "dealloc1"):
        with pytest.raises(ResourceExistsError, match=r"running \(or set to run\)"):
            await client.virtual_machines.begin_run_command(GROUP, name, SHELL)
    poller = await client.virtual_machines.begin_run_command(GROUP, "guestoff1", SHELL)
    await clock.advance(300)
    assert poller.status() == "InProgress"


async def test_an_unknown_command_or_body_is_refused(client: Sdk, raw: Raw):
    with pytest.raises(ResourceNotFoundError, match="The entity was not found"):
        await client.virtual_machines.begin_run_command(GROUP, "linux1", {"commandId": "RunPowerShellScript"})
    for body in ({}, {**SHELL, "more": 1}, {**SHELL, "script": "text"}, {**SHELL, "script": [1]}):
        assert (await raw("POST", vm_path("linux1", "/runCommand"), body)).status == 400
