"""The verdict on what can be judged before Azure is asked: scope, door and secret."""

import inspect
import re
from typing import Any

import pytest

from contracts.ids import Scope
from contracts.reasons import RefusalCode
from contracts.run import Door, MachineJob
from policy import verdict
from policy.verdict import judge_request
from tests.support.requests import GROUP, job, settings

CREDENTIAL = {"user": "imagemaker", "secretId": "https://builds.vault.azure.net/secrets/sysprep"}
CLONE = {"mode": "clone", "image": {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/i"}}


def request_codes(asked: MachineJob) -> list[RefusalCode]:
    return [refusal.code for refusal in judge_request(asked)]


def wanting(**options: Any) -> MachineJob:
    return job(target={"deprovision": options})


REQUEST_WRONG: dict[str, tuple[MachineJob, RefusalCode]] = {
    "no scope allowed": (job(settings=settings(allowed_scopes=())), RefusalCode.SCOPE_NOT_ALLOWED),
    "another group allowed": (
        job(settings=settings(allowed_scopes=(Scope.parse(GROUP + "-2"),))), RefusalCode.SCOPE_NOT_ALLOWED,
    ),
    "no door may": (job(settings=settings(in_place_doors=())), RefusalCode.DOOR_MAY_NOT_ASK),
    "another door may": (
        job(settings=settings(in_place_doors=(Door.TIMER, Door.HTTP, Door.EVENT_GRID))), RefusalCode.DOOR_MAY_NOT_ASK,
    ),
    "no vault allowed": (wanting(sysprepCredential=CREDENTIAL), RefusalCode.VAULT_NOT_ALLOWED),
    "another vault allowed": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(
                key_vaults=(
                    "https://other.vault.azure.net/secrets/sysprep", "https://builds.vault.azure.net.example/secrets/*",
                )
            ),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
    "another secret of the vault allowed": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(key_vaults=("https://builds.vault.azure.net/secrets/sysprep-*",)),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
    "a whole vault of an older setting": (
        job(
            target={"deprovision": {"sysprepCredential": CREDENTIAL}},
            settings=settings(key_vaults=("https://builds.vault.azure.net",)),
        ),
        RefusalCode.VAULT_NOT_ALLOWED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "code"), REQUEST_WRONG.values(), ids=REQUEST_WRONG.keys())
def test_one_thing_wrong_with_the_request_is_refused_for_exactly_that(asked: MachineJob, code: RefusalCode) -> None:
    assert request_codes(asked) == [code]


def test_all_that_is_wrong_with_the_request_is_told() -> None:
    asked = job(
        target={"deprovision": {"sysprepCredential": CREDENTIAL}},
        settings=settings(allowed_scopes=(), in_place_doors=()),
    )
    told = [RefusalCode.SCOPE_NOT_ALLOWED, RefusalCode.DOOR_MAY_NOT_ASK, RefusalCode.VAULT_NOT_ALLOWED]
    assert request_codes(asked) == told


@pytest.mark.parametrize("door", list(Door))
def test_a_door_is_judged_by_itself_and_only_for_in_place(door: Door) -> None:
    only = settings(in_place_doors=(door,))
    for other in Door:
        expected = [] if other is door else [RefusalCode.DOOR_MAY_NOT_ASK]
        assert request_codes(job(door=other, settings=only)) == expected
    assert request_codes(job(door=door, target=CLONE, settings=settings(in_place_doors=()))) == []


@pytest.mark.parametrize("name", ["sysprep", "SysPrep", "sys*", "*"])
def test_a_secret_that_is_listed_may_be_asked_for(name: str) -> None:
    listed = settings(key_vaults=("https://a.example/secrets/b", f"https://builds.vault.azure.net/secrets/{name}"))
    asked = wanting(sysprepCredential=CREDENTIAL)
    assert request_codes(asked.model_copy(update={"settings": listed})) == []


def test_every_code_of_the_request_has_its_own_case() -> None:
    source = inspect.getsource(verdict._request_refusals)  # pyright: ignore[reportPrivateUsage]
    assert {code.name for _, code in REQUEST_WRONG.values()} == set(re.findall(r"RefusalCode\.([A-Z_]+)", source))
