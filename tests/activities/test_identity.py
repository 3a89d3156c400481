"""The activity that reads a VM's identity, and the comparison of source and image."""

from typing import Any

import pytest

from activities.read_identity import read_identity
from contracts.activities.scripts import IdentityRead, ReadIdentity
from contracts.facts import GuestIdentity
from emulators.arm import Role, VmSpec
from guest.scripts import load_script
from policy.identity_check import identity_faults
from tests.support.azure import NONCE, Azure, azure
from tests.support.journey import spec

RUN_ID = "vm-r1-0123456789"
COMMAND = "golden-image-identity-0123456789abcdef"


def ask(az: Azure, **more: Any) -> IdentityRead:
    values: dict[str, Any] = {
        "vm": az.read(),
        "run_id": RUN_ID,
        "app_name": "tests",
        "nonce": NONCE,
        "run_command": COMMAND,
        **more,
    }
    return az.call(read_identity(ReadIdentity.model_validate(values)))


def identity_of(az: Azure, **more: Any) -> GuestIdentity:
    assert not ask(az, **more).ready
    az.pass_time(60)
    answer = ask(az, **more)
    assert answer.identity is not None, answer.why
    return answer.identity


def windows() -> VmSpec:
    return spec("vm1", os="Windows")


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_the_script_is_started_once_and_its_output_is_read_later(system: Any) -> None:
    with azure(spec("vm1", os=system), role=Role()) as az:
        first = ask(az, known_user="goldencheck")
        waiting = ask(az, known_user="goldencheck")
        az.pass_time(60)
        reported = ask(az, known_user="goldencheck")
        puts = [line for line in az.requests() if line.startswith("PUT")]
        body = az.vm().run_commands[COMMAND].body(with_instance_view=False)["properties"]
    assert not first.ready
    assert not waiting.ready
    assert reported.ready
    assert reported.why is None
    assert reported.identity is not None
    assert reported.identity.host_name
    assert len(reported.identity.identity) == 64
    assert bool(reported.identity.ssh_host_keys) is (system == "Linux")
    assert "azureuser" in reported.identity.users
    assert reported.identity.boot_id
    assert len(puts) == 1
    assert (
        body["source"]["script"]
        == load_script("linux/read_identity.sh" if system == "Linux" else "windows/read_identity.ps1").text
    )
    names = {entry["name"] for entry in body["parameters"]}
    linux = {"GOLDEN_RUN_ID", "GOLDEN_NONCE", "GOLDEN_KNOWN_USER"}
    assert names == (linux if system == "Linux" else {"RunId", "Nonce", "KnownUser"}), "empty values are not sent"


def test_a_newly_provisioned_image_has_no_fault_and_a_copy_has_many() -> None:
    with azure(windows(), role=Role()) as az:
        before = identity_of(az)
        guest = az.vm().guest
        copied = identity_of(az, run_command=f"{COMMAND}-2")
        deprovision(az)
        guest.provision("gold1", "goldencheck")
        after = identity_of(az, run_command=f"{COMMAND}-3", known_user="goldencheck", old_host=before.host_name)
    assert identity_faults(before, after, expected_host="gold1", os_type="Windows") == ()
    assert len(identity_faults(before, copied, expected_host="gold1", os_type="Windows")) >= 4


def deprovision(az: Azure) -> None:
    """Deprovision the guest by its own script."""
    script = load_script("windows/deprovision.ps1").text
    parameters = {"RunId": RUN_ID, "Nonce": NONCE, "NotAfter": "4102444800"}
    outcome = az.call(az.vm().guest.run(script, parameters, 3_000))
    assert outcome.exit_code == 0, outcome.stdout


def test_a_guest_that_refuses_reports_why() -> None:
    with azure(windows(), role=Role()) as az:
        ask(az)
        az.pass_time(60)
        record = az.vm().run_commands[COMMAND]
        line = f'"runId":"{RUN_ID}","nonce":"{NONCE}","outcome":"refused","code":"toolMissing","message":"no tool"'
        record.output = f'GOLDEN-IMAGE-RESULT {{"version":1,{line}}}'
        answer = ask(az)
    assert answer.ready
    assert answer.identity is None
    assert answer.why == "the guest reported refused toolMissing: no tool"


def test_a_script_that_ends_without_a_report_is_reported_with_the_end_of_its_output() -> None:
    with azure(windows(), role=Role()) as az:
        ask(az)
        az.pass_time(60)
        az.vm().run_commands[COMMAND].output = "bash: not found"
        answer = ask(az)
    assert answer.ready
    assert answer.identity is None
    assert answer.why is not None
    assert "bash: not found" in answer.why


def test_a_script_that_cannot_be_run_reports_why() -> None:
    with azure(spec("vm1", power="deallocated"), role=Role()) as az:
        answer = ask(az)
    assert answer.ready
    assert answer.why is not None
    assert answer.why.startswith("the script could not be run on the VM: ")
