"""The activities that run listed scripts on a temporary VM, and read their results."""

from typing import Any

import pytest

from activities.check_scripts import check_scripts
from activities.read_script import read_script
from activities.start_script import start_script
from azure_clients.errors import ArmUnavailable
from contracts.activities.scripts import CheckScripts, ReadScript, ScriptRead, StartScript
from contracts.activities.vm import Submitted
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import OsType, PowerState, VmState
from contracts.image_options import ScriptUse
from contracts.resources import resource_name
from contracts.tags import APP_TAG, RUN_TAG
from emulators.arm import Role, VmSpec, WindowsTraits
from guest.allow_list import allowed
from guest.scripts import load_script
from tests.support.azure import Azure, azure
from tests.support.journey import spec

RUN_ID = "vm-r1-0123456789"
NAME = resource_name(RUN_ID, "clone")
COMMAND = "golden-image-customize-0-0123456789abcdef"
UPDATE, LINUX_UPDATE = "windows-update", "linux-packages-update"
OURS = {APP_TAG: "tests", RUN_TAG: RUN_ID}


def clone(name: str = NAME, tags: dict[str, str] = OURS, **traits: Any) -> VmSpec:
    return spec(name, os="Windows", tags=tags, windows=WindowsTraits(**traits))


def new_request(vm: VmState, **more: Any) -> StartScript:
    values: dict[str, Any] = {
        "vm": vm,
        "run_id": RUN_ID,
        "app_name": "tests",
        "run_command": COMMAND,
        "script": UPDATE,
        "sha256": allowed(UPDATE).sha256,
        "parameters": {"MaxMinutes": "30"},
        "timeout_seconds": 600,
        **more,
    }
    return StartScript.model_validate(values)


def start(az: Azure, name: str = NAME, **more: Any) -> Submitted:
    return az.call(start_script(new_request(az.read(name), **more)))


def read(az: Azure, unique_id: str | None = None) -> ScriptRead:
    vm = az.read(NAME)
    wanted = ReadScript(vm_id=vm.vm_id, unique_id=unique_id or vm.unique_id, run_command=COMMAND)
    return az.call(read_script(wanted))


def checked(os_type: OsType, *uses: ScriptUse, deprovision: str | None = None) -> CheckScripts:
    return CheckScripts(customize=uses, deprovision=deprovision, os_type=os_type)


async def test_hashes_are_those_of_the_texts_in_order() -> None:
    use = ScriptUse(script=LINUX_UPDATE, parameters={"GOLDEN_LOCK_WAIT_SECONDS": "60"})
    answer = await check_scripts(checked(OsType.LINUX, use, ScriptUse(script=LINUX_UPDATE)))
    assert answer.refusal is None
    assert answer.customize == (allowed(LINUX_UPDATE).sha256,) * 2
    assert answer.deprovision == load_script("linux/deprovision.sh").sha256


async def test_a_listed_deprovision_script_replaces_the_apps_own() -> None:
    answer = await check_scripts(checked(OsType.WINDOWS, deprovision="windows-deprovision"))
    assert answer.deprovision == allowed("windows-deprovision").sha256
    own = await check_scripts(checked(OsType.WINDOWS))
    assert own.deprovision == load_script("windows/deprovision.ps1").sha256


WRONG: dict[str, tuple[CheckScripts, str]] = {
    "unknown": (checked(OsType.LINUX, ScriptUse(script="no-such")), "No script 'no-such' is on the allow-list"),
    "another system": (checked(OsType.LINUX, ScriptUse(script=UPDATE)), f"{UPDATE} is for Windows"),
    "another kind": (checked(OsType.LINUX, ScriptUse(script="linux-deprovision")), "cannot be used to customize"),
    "a customizer to deprovision": (checked(OsType.WINDOWS, deprovision=UPDATE), "cannot be used to deprovision"),
    "no such parameter": (
        checked(OsType.WINDOWS, ScriptUse(script=UPDATE, parameters={"Command": "x"})), "has no parameter 'Command'",
    ),
    "an unfit value": (
        checked(OsType.WINDOWS, ScriptUse(script=UPDATE, parameters={"MaxMinutes": "1; rm"})), "MaxMinutes of",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "message"), WRONG.values(), ids=WRONG.keys())
async def test_what_does_not_fit_is_refused_and_named(asked: CheckScripts, message: str) -> None:
    answer = await check_scripts(asked)
    assert answer.refusal is not None
    assert answer.refusal.code is RefusalCode.SCRIPT_NOT_ALLOWED
    assert message in answer.refusal.message
    assert "rm" not in answer.refusal.message.split("must match")[0], "a value is never repeated"


async def test_all_that_does_not_fit_is_reported() -> None:
    answer = await check_scripts(checked(OsType.LINUX, ScriptUse(script="no-such"), deprovision=UPDATE))
    assert answer.refusal is not None
    assert "no-such" in answer.refusal.message
    assert "is for Windows" in answer.refusal.message


def test_a_script_runs_once_with_its_parameters_and_its_end_is_read() -> None:
    with azure(clone(), role=Role()) as az:
        submitted = start(az)
        early = read(az)
        again = start(az)
        az.pass_time(120)
        ended = read(az)
        body = az.vm(NAME).run_commands[COMMAND].body(with_instance_view=False)
        customized = az.vm(NAME).guest.effects()
    assert not submitted.already
    assert submitted.correlation_id
    assert again.already
    assert not early.ended
    assert early.vm is not None
    assert early.vm.power_state is PowerState.RUNNING
    assert (ended.ended, ended.exit_code, ended.vm) == (True, 0, None)
    assert ended.output == f"{UPDATE} ended"
    assert body["properties"]["source"]["script"] == allowed(UPDATE).text
    assert body["properties"]["parameters"] == [{"name": "MaxMinutes", "value": "30"}]
    assert body["properties"]["timeoutInSeconds"] == 600
    assert body["tags"] == OURS
    assert customized == (f"customized {UPDATE}",)


@pytest.mark.parametrize("kind", ["cutAfter", "cutBefore"])
def test_a_request_whose_answer_was_lost_is_not_sent_twice(kind: str) -> None:
    with azure(clone(), role=Role()) as az:
        az.fault(kind, "runCommands.put")
        with pytest.raises(ArmUnavailable):
            start(az)
        again = start(az)
        az.pass_time(120)
        assert again.already is (kind == "cutAfter")
        assert az.vm(NAME).guest.effects() == (f"customized {UPDATE}",)


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("vm1", OURS),
        (NAME, {}),
        (NAME, {**OURS, RUN_TAG: "vm-r2-0123456789"}),
        (NAME, {**OURS, APP_TAG: "another"}),
    ],
)
def test_no_script_is_run_on_a_vm_that_this_run_did_not_create(name: str, tags: dict[str, str]) -> None:
    with azure(clone(name, tags), role=Role()) as az:
        answer = start(az, name)
        puts = [line for line in az.requests(name) if line.startswith("PUT")]
    assert answer.failure is not None
    assert answer.failure.code is FailureCode.VM_REPLACED
    assert puts == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"sha256": "0" * 64}, "was changed since the run began"),
        ({"script": "no-such"}, "is on the allow-list"),
        ({"script": "windows-deprovision", "sha256": "0" * 64}, "is a deprovision script for Windows"),
        ({"parameters": {"MaxMinutes": "$(x)"}}, "MaxMinutes of windows-update must match"),
    ],
)
def test_another_text_than_the_one_that_was_checked_is_refused(more: dict[str, Any], message: str) -> None:
    with azure(clone(), role=Role()) as az:
        answer = start(az, **more)
        puts = [line for line in az.requests(NAME) if line.startswith("PUT")]
    assert answer.refusal is not None
    assert answer.refusal.code is RefusalCode.SCRIPT_NOT_ALLOWED
    assert message in answer.refusal.message
    assert puts == []


def test_another_vm_under_the_name_is_noticed_before_and_after() -> None:
    with azure(clone(customize={UPDATE: "hangs"}), role=Role()) as az:
        replaced = az.call(start_script(new_request(az.read(NAME).model_copy(update={"unique_id": "another"}))))
        start(az)
        later = read(az, "another")
    for answer in (replaced, later):
        assert answer.failure is not None
        assert answer.failure.code is FailureCode.VM_REPLACED


def test_a_script_that_fails_reports_its_exit_code() -> None:
    with azure(clone(customize={UPDATE: 3}), role=Role()) as az:
        start(az)
        az.pass_time(120)
        ended = read(az)
    assert (ended.ended, ended.exit_code) == (True, 3)


def test_a_script_that_azure_stopped_has_no_exit_code_whatever_azure_shows() -> None:
    """A number that Azure shows for a script that timed out must not be taken for the script's own."""
    with azure(clone(customize={UPDATE: "hangs"}), role=Role()) as az:
        start(az, timeout_seconds=300)
        az.pass_time(120)
        assert not read(az).ended
        az.pass_time(300)
        record = az.vm(NAME).run_commands[COMMAND]
        record.exit_code = 0
        ended = read(az)
    assert record.execution_state == "TimedOut"
    assert (ended.ended, ended.exit_code) == (True, None)
    assert "TimedOut" in ended.output


def test_a_vm_that_stopped_while_its_script_ran_is_detected() -> None:
    with azure(clone(customize={UPDATE: "hangs"}), role=Role()) as az:
        start(az)
        az.pass_time(30)
        az.vm(NAME).power = "stopped"
        seen = read(az)
    assert not seen.ended
    assert seen.vm is not None
    assert seen.vm.power_state is PowerState.STOPPED


def test_a_long_output_is_cut_at_its_beginning_and_holds_no_signature() -> None:
    with azure(clone(), role=Role()) as az:
        start(az)
        az.pass_time(120)
        record = az.vm(NAME).run_commands[COMMAND]
        record.output = "a" * 3_000 + "\nhttps://x.blob.core.windows.net/c?sv=1&sig=abcdef" + "b" * 700
        record.error = "the last line"
        ended = read(az)
    assert len(ended.output) <= 1_000
    assert "sig=abcdef" not in ended.output
    assert ended.output.endswith("the last line")
