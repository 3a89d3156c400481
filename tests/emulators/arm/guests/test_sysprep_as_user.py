"""Sysprep under a local administrator's credential, which reaches only the guest."""

import json
from typing import Any

import pytest

from emulators.arm import LinuxTraits, Simulator, SteppedClock, VmSpec, WindowsTraits
from emulators.arm.guests.sandboxed_linux import SandboxedLinuxGuest, sandbox_kind
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path
from tests.emulators.arm.run_commands import result_of
from tests.emulators.arm.scripts import NEVER, managed, windows_run

SECRET = "Correct-Horse-7"
SCRIPT = (
    "param($RunId, $Nonce, $NotAfter, $ShutdownDelaySeconds, $SysprepUser, $SysprepPassword)\n"
    "& sysprep.exe /oobe /generalize /quiet /quit\n"
)
SERVER_2025 = WindowsTraits(build=26100, administrators={"ImageAdmin": SECRET})


def run_command(user: str | None, password: str = SECRET) -> dict[str, Any]:
    body = windows_run(script=SCRIPT)
    secret = {"SysprepUser": user, "SysprepPassword": password} if user is not None else {}
    body["properties"]["protectedParameters"] = [{"name": name, "value": value} for name, value in secret.items()]
    return body


async def reported(client: Sdk, clock: SteppedClock, vm: str, body: dict[str, Any]) -> dict[str, Any]:
    commands = client.virtual_machine_run_commands
    await commands.begin_create_or_update(GROUP, vm, "run", body)
    await clock.advance(110)
    return await result_of(client, vm)


CREDENTIALS = [
    (SERVER_2025, "ImageAdmin", SECRET, "deprovisioned", ""),
    (SERVER_2025, r".\imageadmin", SECRET, "deprovisioned", ""),
    (SERVER_2025, None, SECRET, "refused", "buildNeedsUserContext"),
    (SERVER_2025, "", SECRET, "refused", "buildNeedsUserContext"),
    (SERVER_2025, "ImageAdmin", "wrong", "refused", "badCredential"),
    (SERVER_2025, "somebody", SECRET, "refused", "badCredential"),
    (WindowsTraits(administrators={"ImageAdmin": SECRET}), "ImageAdmin", SECRET, "deprovisioned", ""),
    (WindowsTraits(), "ImageAdmin", SECRET, "refused", "badCredential"),
    (WindowsTraits(build=26100, administrators={"ImageAdmin": ""}), "ImageAdmin", "", "refused", "badCredential"),
]


async def test_who_may_deprovision(simulator: Simulator, client: Sdk, clock: SteppedClock):
    for number, (traits, user, password, outcome, code) in enumerate(CREDENTIALS):
        vm = simulator.add_vm(VmSpec(f"server{number}", os="Windows", windows=traits))
        answer = await reported(client, clock, vm.name, run_command(user, password))
        assert (number, answer["outcome"], answer["code"]) == (number, outcome, code)
        assert (vm.guest.effects() != ()) is (outcome == "deprovisioned")


async def test_the_account_is_reported_and_the_password_is_never_shown(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    vm = simulator.add_vm(VmSpec("server1", os="Windows", windows=SERVER_2025))
    answer = await reported(client, clock, "server1", run_command("ImageAdmin"))
    assert answer["facts"]["sysprepUser"] == "ImageAdmin"
    assert vm.guest.effects() == ("sysprep /generalize as ImageAdmin",)
    await clock.advance(100)
    paths = [vm_path("server1", "/runCommands/run"), vm_path("server1", "/runCommands"), vm_path("server1")]
    query = "?api-version=2024-07-01&$expand=instanceView"
    shown = [(await raw("GET", path + query)).text for path in paths]
    shown += [repr(list(vm.run_commands.values())), repr(vm.effects), vm.serial_log(), repr(vm.spec)]
    shown += [json.dumps([request.body() for request in simulator.requests()]), repr(vm.guest.freeze())]
    assert [text for text in shown[:2] if "SysprepUser" not in text or "protectedParameters" in text] == []
    assert [text for text in shown if SECRET in text] == []


async def test_a_parameter_that_the_script_does_not_know_is_not_echoed(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    body = managed("param($RunId)\nexit 0", RunId="run-1", NotAfter=str(NEVER))
    body["properties"]["protectedParameters"] = [{"name": "SysprepPassword", "value": SECRET}]
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "windows1", "run", body)
    await clock.advance(60)
    query = "?api-version=2024-07-01&$expand=instanceView"
    text = (await raw("GET", vm_path("windows1", "/runCommands/run") + query)).text
    assert "parameter name" in text
    assert SECRET not in text


@pytest.mark.skipif(sandbox_kind() is None, reason="no sandbox (bubblewrap or user namespaces) works here")
async def test_in_the_sandbox_they_are_environment_variables(tmp_path: Any):
    guest = SandboxedLinuxGuest(tmp_path / "vm", LinuxTraits())
    script = '[ "$TOKEN" = "$1" ] || printf "%s" "$TOKEN" | sha256sum | cut -c 1-8'
    outcome = await guest.run(script, {"TOKEN": SECRET}, 30)
    assert len(outcome.stdout.strip()) == 8
    files = (file for file in (tmp_path / "vm").rglob("*") if file.is_file() and not file.is_symlink())
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []
