"""Sysprep under a local administrator: the password goes from the vault into the request and nowhere else."""

import json
import logging
from typing import Any

import pytest

from activities import registration
from activities.check_secret import check_secret
from activities.start_deprovision import start_deprovision
from azure_clients.clients import arm_session
from azure_clients.errors import ArmUnavailable
from contracts import catalog
from contracts.activities.scripts import CheckSecret
from contracts.activities.vm import StartDeprovision, Submitted
from contracts.error_codes import RefusalCode
from contracts.guest_report import GuestOutcome, read_report
from contracts.image_options import SysprepCredential
from contracts.message import Message
from contracts.request import DeprovisionOptions
from contracts.resource_ids import SecretId
from emulators.arm import Role, VmSpec, WindowsTraits
from guest.allow_list import allowed
from guest.scripts import load_script
from tests.support.authority import bearing
from tests.support.azure import NONCE, Azure, azure
from tests.support.journey import spec
from tests.support.vault import USER, VALUE, azure_with_vault, credential

RUN_ID = "vm-r1-0123456789"
COMMAND = "golden-image-deprovision-0123456789abcdef"


def new_windows(**administrators: str) -> VmSpec:
    people = administrators or {USER: VALUE}
    return spec("vm1", os="Windows", windows=WindowsTraits(build=26100, administrators=people))


def new_request(az: Azure, options: DeprovisionOptions, **more: Any) -> StartDeprovision:
    values: dict[str, Any] = {
        "vm": az.read(),
        "run_id": RUN_ID,
        "app_name": "tests",
        "nonce": NONCE,
        "run_command": COMMAND,
        "options": options,
        "opt_in_tag": "golden-image-in-place",
        "opt_in_value": "allowed",
        "not_after": 4_102_444_800,
        "shutdown_delay_seconds": 60,
        "sysprep_timeout_seconds": 1_800,
        **more,
    }
    return StartDeprovision.model_validate(values)


def start(az: Azure, options: DeprovisionOptions, **more: Any) -> Submitted:
    return az.call(start_deprovision(new_request(az, options, **more)))


def with_credential(az: Azure, name: str = "sysprep") -> DeprovisionOptions:
    return DeprovisionOptions(sysprep_credential=credential(az, name))


def puts(az: Azure) -> list[str]:
    return [line for line in az.requests() if line.startswith("PUT")]


def test_a_secret_that_can_be_read_is_no_refusal_and_is_not_kept() -> None:
    with azure_with_vault() as az:
        answer = az.call(check_secret(CheckSecret(credential=credential(az))))
    assert answer.model_dump(exclude_none=True) == {}


@pytest.mark.parametrize(
    ("name", "role", "listed", "code"),
    [
        ("none", Role(), True, RefusalCode.SECRET_UNREADABLE),
        ("sysprep", Role(data_actions=()), True, RefusalCode.SECRET_UNREADABLE),
        ("sysprep", Role(), False, RefusalCode.VAULT_NOT_ALLOWED),
    ],
)
def test_a_secret_that_cannot_be_read_is_refused_before_and_at_the_request(
    name: str, role: Role, listed: bool, code: RefusalCode
) -> None:
    with azure_with_vault(new_windows(), role=role, listed=listed) as az:
        before = az.call(check_secret(CheckSecret(credential=credential(az, name))))
        submitted = start(az, with_credential(az, name))
        assert puts(az) == []
    for answer in (before, submitted):
        assert answer.refusal is not None
        assert answer.refusal.code is code


def test_a_vault_that_does_not_answer_is_no_refusal() -> None:
    with azure_with_vault(new_windows()) as az:
        az.fault("status", "keyVault.getSecret", status=500, code="InternalError", count=None)
        with pytest.raises(ArmUnavailable):
            az.call(check_secret(CheckSecret(credential=credential(az))))
        with pytest.raises(ArmUnavailable):
            start(az, with_credential(az))
        assert puts(az) == []


def test_a_new_windows_deprovisions_itself_under_the_administrator() -> None:
    with azure_with_vault(new_windows()) as az:
        submitted = start(az, with_credential(az))
        again = start(az, with_credential(az))
        az.pass_time(200)
        record = az.vm().run_commands[COMMAND]
        effects = az.vm().guest.effects()
    report = read_report(record.output, run_id=RUN_ID, nonce=NONCE)
    assert not submitted.already
    assert again.already
    assert report is not None
    assert report.outcome is GuestOutcome.DEPROVISIONED
    assert effects == (f"sysprep /generalize as {USER}",)


@pytest.mark.parametrize(
    ("people", "options"),
    [({USER: "another-Password1"}, True), ({"another-user": VALUE}, True), ({USER: VALUE}, False)],
)
def test_without_the_right_administrator_the_guest_refuses(people: dict[str, str], options: bool) -> None:
    with azure_with_vault(new_windows(**people)) as az:
        start(az, with_credential(az) if options else DeprovisionOptions())
        az.pass_time(200)
        output = az.vm().run_commands[COMMAND].output
    report = read_report(output, run_id=RUN_ID, nonce=NONCE)
    assert report is not None
    assert report.outcome is GuestOutcome.REFUSED
    assert report.code == ("badCredential" if options else "buildNeedsUserContext")


def test_the_password_is_not_stored_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a debug log, not in an answer, not in the properties of the Run Command that can be read."""
    with azure_with_vault(new_windows()) as az:
        az.call(_log_everything(caplog))
        answers = [
            az.call(_answer(catalog.CHECK_SECRET, check_secret, CheckSecret(credential=credential(az)))),
            az.call(_answer(catalog.START_DEPROVISION, start_deprovision, new_request(az, with_credential(az)))),
        ]
        az.pass_time(200)
        vm = az.vm()
        shown = vm.run_commands[COMMAND].body(with_instance_view=True)
        logged = [str(vars(record)) for record in caplog.records]
        kept = [repr(az.simulator.requests()), json.dumps(shown), repr(vm.guest.effects()), repr(answers)]
    assert any("/runCommands/" in line for line in logged), "azure-core logs the request at this level"
    assert all(answer.get("refusal") is None for answer in answers)
    assert not [text for text in (*logged, *kept) if VALUE in text]
    assert "protectedParameters" not in json.dumps(shown)


def test_a_linux_vm_is_sent_no_password() -> None:
    with azure_with_vault(spec("vm1")) as az:
        start(az, with_credential(az))
        record = az.vm().run_commands[COMMAND]
        asked = [r.operation for r in az.simulator.requests() if r.operation.startswith("keyVault")]
    assert asked == []
    assert "SysprepPassword" not in record.given


def test_a_listed_deprovision_script_replaces_the_apps_own() -> None:
    with azure(spec("vm1", os="Windows"), role=Role()) as az:
        start(az, DeprovisionOptions(script="windows-deprovision"), script_sha256=allowed("windows-deprovision").sha256)
        body = az.vm().run_commands[COMMAND].body(with_instance_view=False)["properties"]
    assert body["source"]["script"] == allowed("windows-deprovision").text
    assert {entry["name"] for entry in body["parameters"]} >= {"RunId", "Nonce", "NotAfter"}


@pytest.mark.parametrize(
    ("script", "sha256", "message"),
    [
        ("no-such", "", "is on the allow-list"),
        ("windows-update", "", "is a customize script"),
        ("linux-deprovision", "", "for Linux"),
        ("windows-deprovision", "0" * 64, "was changed since the run began"),
        (None, "0" * 64, "was changed since the run began"),
    ],
)
def test_another_script_than_the_one_that_was_checked_is_refused(script: str | None, sha256: str, message: str) -> None:
    with azure(spec("vm1", os="Windows"), role=Role()) as az:
        answer = start(az, DeprovisionOptions(script=script), script_sha256=sha256)
        assert puts(az) == []
    assert answer.refusal is not None
    assert answer.refusal.code is RefusalCode.SCRIPT_NOT_ALLOWED
    assert message in answer.refusal.message


def test_the_apps_own_script_with_its_own_hash_is_sent() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        answer = start(az, DeprovisionOptions(), script_sha256=load_script("linux/deprovision.sh").sha256)
        assert len(puts(az)) == 1
    assert answer.refusal is None


def test_a_credential_names_where_the_secret_is_and_holds_none() -> None:
    found = SysprepCredential(user=USER, secret_id=SecretId.parse("https://builds.vault.azure.net/secrets/sysprep"))
    assert found.model_dump(mode="json") == {
        "user": USER,
        "secretId": "https://builds.vault.azure.net/secrets/sysprep",
    }


async def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    await arm_session()  # which turns azure's loggers down
    for name in ("", "azure", "azure.core.pipeline.policies.http_logging_policy", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


async def _answer(activity: Any, body: Any, request: Message) -> dict[str, object]:
    return await registration.answer(activity, body, bearing(request))
