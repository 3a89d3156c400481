"""The activity that asks a machine who it is, and the step from the source's answer to a clean image's."""

from typing import Any

import pytest

from activities.read_identity import read_identity
from contracts.facts import GuestIdentity
from contracts.script_steps import IdentityRead, ReadIdentity
from guest.scripts import load_script
from policy.identity_check import identity_faults
from tests.support.azure import NONCE, Azure, azure
from tests.support.journey import spec
from workbench.arm_simulator import MachineSpec, Role

RUN_ID = "vm-r1-0123456789"
COMMAND = "golden-image-identity-0123456789abcdef"


def ask(az: Azure, **more: Any) -> IdentityRead:
    values: dict[str, Any] = {
        "machine": az.read(),
        "run_id": RUN_ID,
        "app_name": "tests",
        "nonce": NONCE,
        "run_command": COMMAND,
        **more,
    }
    return az.call(read_identity(ReadIdentity.model_validate(values)))


def heard(az: Azure, **more: Any) -> GuestIdentity:
    assert not ask(az, **more).ready
    az.pass_time(60)
    answer = ask(az, **more)
    assert answer.identity is not None, answer.why
    return answer.identity


def windows() -> MachineSpec:
    return spec("vm1", os="Windows")


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_it_is_ordered_once_and_the_answer_is_read_later(system: Any) -> None:
    with azure(spec("vm1", os=system), role=Role()) as az:
        first = ask(az, known_user="goldencheck")
        waiting = ask(az, known_user="goldencheck")
        az.pass_time(60)
        told = ask(az, known_user="goldencheck")
        puts = [line for line in az.orders() if line.startswith("PUT")]
        body = az.machine().run_commands[COMMAND].body(with_instance_view=False)["properties"]
    assert not first.ready
    assert not waiting.ready
    assert told.ready
    assert told.why is None
    assert told.identity is not None
    assert told.identity.host_name
    assert len(told.identity.identity) == 64
    assert bool(told.identity.ssh_host_keys) is (system == "Linux")
    assert "azureuser" in told.identity.users
    assert told.identity.boot_id
    assert len(puts) == 1
    assert (
        body["source"]["script"]
        == load_script("linux/read_identity.sh" if system == "Linux" else "windows/read_identity.ps1").text
    )
    names = {entry["name"] for entry in body["parameters"]}
    linux = {"GOLDEN_RUN_ID", "GOLDEN_NONCE", "GOLDEN_KNOWN_USER"}
    assert names == (linux if system == "Linux" else {"RunId", "Nonce", "KnownUser"}), "what is empty is not sent"


def test_an_image_provisioned_anew_has_no_fault_and_a_mere_copy_has_many() -> None:
    with azure(windows(), role=Role()) as az:
        before = heard(az)
        guest = az.machine().guest
        copied = heard(az, run_command=f"{COMMAND}-2")
        seal(az)
        guest.provision("gold1", "goldencheck")
        after = heard(az, run_command=f"{COMMAND}-3", known_user="goldencheck", old_host=before.host_name)
    assert identity_faults(before, after, expected_host="gold1", os_type="Windows") == ()
    assert len(identity_faults(before, copied, expected_host="gold1", os_type="Windows")) >= 4


def seal(az: Azure) -> None:
    """Seal the guest by its own script."""
    script = load_script("windows/deprovision.ps1").text
    parameters = {"RunId": RUN_ID, "Nonce": NONCE, "NotAfter": "4102444800"}
    outcome = az.call(az.machine().guest.run(script, parameters, 3_000))
    assert outcome.exit_code == 0, outcome.stdout


def test_a_guest_that_refuses_says_why() -> None:
    with azure(windows(), role=Role()) as az:
        ask(az)
        az.pass_time(60)
        record = az.machine().run_commands[COMMAND]
        line = f'"runId":"{RUN_ID}","nonce":"{NONCE}","outcome":"refused","code":"toolMissing","message":"no tool"'
        record.output = f'GOLDEN-IMAGE-RESULT {{"version":1,{line}}}'
        answer = ask(az)
    assert answer.ready
    assert answer.identity is None
    assert answer.why == "the guest said refused toolMissing: no tool"


def test_a_script_that_ends_without_a_report_is_told_with_the_end_of_its_output() -> None:
    with azure(windows(), role=Role()) as az:
        ask(az)
        az.pass_time(60)
        az.machine().run_commands[COMMAND].output = "bash: not found"
        answer = ask(az)
    assert answer.ready
    assert answer.identity is None
    assert answer.why is not None
    assert "bash: not found" in answer.why


def test_a_machine_that_cannot_be_asked_says_why() -> None:
    with azure(spec("vm1", power="deallocated"), role=Role()) as az:
        answer = ask(az)
    assert answer.ready
    assert answer.why is not None
    assert answer.why.startswith("the machine could not be asked: ")
