"""The result on what can be checked before Azure is asked: scope, trigger and secret."""

import inspect
import re
from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.ids import Scope
from contracts.run import Trigger, VmJob
from policy import vm_checks
from policy.vm_checks import check_request
from tests.support.requests import GROUP, job, settings
from tests.support.rows import rows

CREDENTIAL = {"user": "imagemaker", "secretId": "https://builds.vault.azure.net/secrets/sysprep"}
CLONE = {"mode": "clone", "image": {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/i"}}


def request_codes(asked: VmJob) -> list[RefusalCode]:
    return [refusal.code for refusal in check_request(asked)]


def wanting(**options: Any) -> VmJob:
    return job(target={"deprovision": options})


REQUEST_WRONG: dict[str, tuple[VmJob, RefusalCode]] = {
    "no scope allowed": (job(settings=settings(allowed_scopes=())), RefusalCode.SCOPE_NOT_ALLOWED),
    "another group allowed": (
        job(settings=settings(allowed_scopes=(Scope.parse(GROUP + "-2"),))), RefusalCode.SCOPE_NOT_ALLOWED,
    ),
    "no trigger allowed": (job(settings=settings(in_place_triggers=())), RefusalCode.TRIGGER_NOT_ALLOWED),
    "another trigger allowed": (
        job(settings=settings(in_place_triggers=(Trigger.TIMER, Trigger.HTTP, Trigger.EVENT_GRID))),
        RefusalCode.TRIGGER_NOT_ALLOWED,
    ),
    "no vault allowed": (wanting(sysprepCredential=CREDENTIAL), RefusalCode.VAULT_NOT_ALLOWED),
    "another vault allowed": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(
                allowed_secrets=(
                    "https://other.vault.azure.net/secrets/sysprep", "https://builds.vault.azure.net.example/secrets/*",
                )
            ),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
    "another secret of the vault allowed": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(allowed_secrets=("https://builds.vault.azure.net/secrets/sysprep-*",)),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
    "an entire vault of an older setting": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(allowed_secrets=("https://builds.vault.azure.net",)),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
}  # fmt: skip


@rows(("asked", "code"), REQUEST_WRONG.values(), ids=REQUEST_WRONG.keys())
def test_one_resource_wrong_with_the_request_is_refused_for_exactly_that(asked: VmJob, code: RefusalCode) -> None:
    assert request_codes(asked) == [code]


def test_all_that_is_wrong_with_the_request_is_reported() -> None:
    asked = job(
        target={"deprovision": {"sysprepCredential": CREDENTIAL}},
        settings=settings(allowed_scopes=(), in_place_triggers=()),
    )
    reported = [RefusalCode.SCOPE_NOT_ALLOWED, RefusalCode.TRIGGER_NOT_ALLOWED, RefusalCode.VAULT_NOT_ALLOWED]
    assert request_codes(asked) == reported


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_trigger_is_checked_by_itself_and_only_for_in_place(trigger: Trigger) -> None:
    only = settings(in_place_triggers=(trigger,))
    for other in Trigger:
        expected = [] if other is trigger else [RefusalCode.TRIGGER_NOT_ALLOWED]
        assert request_codes(job(trigger=other, settings=only)) == expected
    assert request_codes(job(trigger=trigger, target=CLONE, settings=settings(in_place_triggers=()))) == []


@pytest.mark.parametrize("name", ["sysprep", "SysPrep", "sys*", "*"])
def test_a_secret_that_is_listed_may_be_asked_for(name: str) -> None:
    listed = settings(allowed_secrets=("https://a.example/secrets/b", f"https://builds.vault.azure.net/secrets/{name}"))
    asked = wanting(sysprepCredential=CREDENTIAL)
    assert request_codes(asked.model_copy(update={"settings": listed})) == []


def test_every_code_of_the_request_has_its_own_case() -> None:
    source = inspect.getsource(vm_checks._request_refusals)  # pyright: ignore[reportPrivateUsage]
    assert {code.name for _, code in REQUEST_WRONG.values()} == set(re.findall(r"RefusalCode\.([A-Z_]+)", source))
