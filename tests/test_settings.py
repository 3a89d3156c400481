"""Settings: each one is read, a misspelled one is an error, and all faults are reported at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import settings
from contracts.build_places import BuildPlace
from contracts.polling import Polling, PollingSettings
from contracts.request import Mode
from contracts.run import Trigger
from settings import BadSettings, Settings, read_settings
from tests.support.requests import GROUP, PLACE, SUBSCRIPTION
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

WAIT = {"initialDelaySeconds": 1, "intervalSeconds": 16, "timeoutSeconds": 121}

READ: dict[str, tuple[str, object]] = {
    "GOLDEN_ALLOWED_SCOPES": (f"{GROUP.upper()}, /subscriptions/{SUBSCRIPTION}", None),
    "GOLDEN_IN_PLACE_TRIGGERS": ("queue eventGrid", (Trigger.QUEUE, Trigger.EVENT_GRID)),
    "GOLDEN_OPT_IN_TAG": ("allow=yes", "allow=yes"),
    "GOLDEN_TAGS": ('{"Owner": "images team"}', {"Owner": "images team"}),
    "GOLDEN_CREDENTIAL": ("local", "local"),
    "GOLDEN_CLIENT_ID": ("c-1", "c-1"),
    "GOLDEN_ARM_ENDPOINT": ("https://arm.example/", "https://arm.example"),
    "GOLDEN_ARM_AUDIENCE": ("https://audience.example", "https://audience.example"),
    "GOLDEN_CA_FILE": ("ca.pem", "ca.pem"),
    "GOLDEN_BUILD_PLACES": (json.dumps([PLACE]), (BuildPlace.model_validate(PLACE),)),
    "GOLDEN_ALLOWED_SECRETS": (
        "https://Builds.vault.azure.net/secrets/Sysprep-*, https://secrets.example:8443/secrets/s",
        ("https://builds.vault.azure.net/secrets/sysprep-*", "https://secrets.example:8443/secrets/s"),
    ),
    "GOLDEN_REMOVABLE_EXTENSIONS": ("Contoso/Agent, Contoso.Other/A-1_b.L", ("Contoso/Agent", "Contoso.Other/A-1_b.L")),
    "GOLDEN_TEMPORARY_VM_MAX_HOURS": ("48", 48),
    "GOLDEN_ROLLBACK_SNAPSHOT_DAYS": ("3", 3),
    "GOLDEN_CLEANUP_MODE": ("delete", "delete"),
    "GOLDEN_CLEANUP_MIN_AGE_MINUTES": ("240", 240),
    "GOLDEN_APPROVERS": ("aad:AB-1, github:99", ("aad:ab-1", "github:99")),
    "GOLDEN_PAUSED": ("true", True),
    "GOLDEN_REQUIRE_APPROVAL": ("inPlace clone", (Mode.IN_PLACE, Mode.CLONE)),
    "GOLDEN_POLLING": (json.dumps({"deallocate": WAIT}), PollingSettings(deallocate=Polling.model_validate(WAIT))),
    "GOLDEN_SHUTDOWN_DELAY_SECONDS": ("10", 10),
    "GOLDEN_SYSPREP_TIMEOUT_SECONDS": ("300", 300),
    "GOLDEN_TIMER_SCHEDULE": ("01:00:00", "01:00:00"),
    "GOLDEN_TIMER_REQUESTS": ('{"nightly": {"version": 1}}', {"nightly": {"version": 1}}),
    "GOLDEN_HISTORY_RETENTION_DAYS": ("7", 7),
    "GOLDEN_IDEMPOTENCY_RETENTION_DAYS": ("90", 90),
    "GOLDEN_APP_NAME": ("my-app", "my-app"),
}


def faults(environment: dict[str, str]) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings(environment)
    return str(caught.value)


def test_there_is_a_case_for_every_setting() -> None:
    assert set(READ) == {f"GOLDEN_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_has_a_description_for_the_reference() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@rows("name", READ)
def test_a_setting_is_read_and_changes_no_other(name: str) -> None:
    text, value = READ[name]
    found, defaults = read_settings({name: text}), read_settings({})
    changed = {field for field in Settings.model_fields if getattr(found, field) != getattr(defaults, field)}
    assert changed == {name.removeprefix("GOLDEN_").lower()}
    if value is not None:
        assert getattr(found, *changed) == value


def test_all_settings_together() -> None:
    found = read_settings({name: text for name, (text, _) in READ.items()})
    assert [str(scope) for scope in found.allowed_scopes] == [GROUP, f"/subscriptions/{SUBSCRIPTION}"]
    assert found.polling.linux_report == PollingSettings().linux_report


def test_without_settings_nothing_is_allowed() -> None:
    found = read_settings({})
    assert found.allowed_scopes == ()
    assert found.in_place_triggers == ()
    assert found.credential == "managedIdentity"
    assert found.timer_requests == {}


@rows("name", READ)
@rows("blank", ["", " ", "\t\n"])
def test_a_blank_setting_is_ignored(name: str, blank: str) -> None:
    assert read_settings({name: blank}) == read_settings({})


@pytest.mark.parametrize("text", ["queue,http", "queue, http", " queue http ", "queue,,http,", "queue\nhttp"])
def test_lists_are_separated_by_commas_or_white_space(text: str) -> None:
    assert read_settings({"GOLDEN_IN_PLACE_TRIGGERS": text}).in_place_triggers == (Trigger.QUEUE, Trigger.HTTP)


def test_variables_of_others_are_ignored() -> None:
    others = {"PATH": "/bin", "AzureWebJobsStorage": "x", "MY_GOLDEN_RESOURCE": "x", "GOLDENRETRIEVER": "x"}
    assert read_settings(others) == read_settings({})


@rows(
    "name",
    [
        "GOLDEN_",
        "GOLDEN_ALLOWED_SCOPE",
        "GOLDEN_INPLACE_TRIGGERS",
        "GOLDEN_ALLOWED_SCOPES_",
        "GOLDEN__ALLOWED_SCOPES",
        "GOLDEN_ALLOWED-SCOPES",
        "GOLDEN_allowed_scopes",
        "Golden_Allowed_Scopes",
        "golden_allowed_scopes",
    ],
)
def test_a_misspelled_name_is_refused_even_if_blank(name: str) -> None:
    for text in (GROUP, ""):
        assert faults({name: text}) == f"{name} is not a setting of this app; correct or remove it"


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a scope that is none": ({"GOLDEN_ALLOWED_SCOPES": "*"}, "GOLDEN_ALLOWED_SCOPES.0: '*' is not a scope"),
    "a second scope that is none": ({"GOLDEN_ALLOWED_SCOPES": f"{GROUP} x"}, "GOLDEN_ALLOWED_SCOPES.1: 'x' is not"),
    "an unknown trigger": (
        {"GOLDEN_IN_PLACE_TRIGGERS": "Queue"}, "GOLDEN_IN_PLACE_TRIGGERS.0: Input should be 'queue'"
    ),
    "every trigger at once": ({"GOLDEN_IN_PLACE_TRIGGERS": "*"}, "GOLDEN_IN_PLACE_TRIGGERS.0"),
    "a tag without value": ({"GOLDEN_OPT_IN_TAG": "name="}, "GOLDEN_OPT_IN_TAG: must have the form name=value"),
    "a tag without name": ({"GOLDEN_OPT_IN_TAG": "=value"}, "GOLDEN_OPT_IN_TAG: must have the form name=value"),
    "a tag without =": ({"GOLDEN_OPT_IN_TAG": "name"}, "GOLDEN_OPT_IN_TAG: must have the form name=value"),
    "another credential": ({"GOLDEN_CREDENTIAL": "default"}, "GOLDEN_CREDENTIAL: Input should be"),
    "http": ({"GOLDEN_ARM_ENDPOINT": "http://127.0.0.1:1"}, "GOLDEN_ARM_ENDPOINT: must be a URL that begins"),
    "no scheme": ({"GOLDEN_ARM_ENDPOINT": "management.azure.com"}, "GOLDEN_ARM_ENDPOINT: must be a URL"),
    "no host": ({"GOLDEN_ARM_ENDPOINT": "https://"}, "GOLDEN_ARM_ENDPOINT: must be a URL"),
    "half an address": ({"GOLDEN_ARM_ENDPOINT": "https://[::1"}, "GOLDEN_ARM_ENDPOINT: "),
    "polling is not JSON": ({"GOLDEN_POLLING": "{deallocate}"}, "GOLDEN_POLLING: $: is not JSON"),
    "polling nested deep": ({"GOLDEN_POLLING": "[" * 200_000}, "GOLDEN_POLLING: $: is not JSON"),
    "polling is not an object": ({"GOLDEN_POLLING": "[]"}, "GOLDEN_POLLING: "),
    "an unknown stage": ({"GOLDEN_POLLING": '{"dealocate": {}}'}, "GOLDEN_POLLING.dealocate: "),
    "an interval too short": (
        {"GOLDEN_POLLING": json.dumps({"deallocate": {**WAIT, "intervalSeconds": 1}})},
        "GOLDEN_POLLING.deallocate.intervalSeconds: ",
    ),
    "a stage that appears twice": (
        {"GOLDEN_POLLING": f'{{"deallocate": {json.dumps(WAIT)}, "deallocate": {json.dumps(WAIT)}}}'},
        'GOLDEN_POLLING: $: member "deallocate" appears twice',
    ),
    "a timer request with a duplicate member": (
        {"GOLDEN_TIMER_REQUESTS": '{"a": {"dryRun": true, "dryRun": false}}'},
        'GOLDEN_TIMER_REQUESTS: $: member "dryRun" appears twice',
    ),
    "timer requests as a list": ({"GOLDEN_TIMER_REQUESTS": "[{}]"}, "GOLDEN_TIMER_REQUESTS: "),
    "NaN in a timer request": ({"GOLDEN_TIMER_REQUESTS": '{"a": NaN}'}, "NaN is not JSON"),
    "a delay too short": ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "9"}, "GOLDEN_SHUTDOWN_DELAY_SECONDS: "),
    "a delay too long": ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "601"}, "GOLDEN_SHUTDOWN_DELAY_SECONDS: "),
    "a delay with a unit": ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "60s"}, "GOLDEN_SHUTDOWN_DELAY_SECONDS: "),
    "Sysprep too short": ({"GOLDEN_SYSPREP_TIMEOUT_SECONDS": "299"}, "GOLDEN_SYSPREP_TIMEOUT_SECONDS: "),
    "Sysprep too long": ({"GOLDEN_SYSPREP_TIMEOUT_SECONDS": "5401"}, "GOLDEN_SYSPREP_TIMEOUT_SECONDS: "),
    "a secret in the clear": ({"GOLDEN_ALLOWED_SECRETS": "http://v.example/secrets/s"}, "s' names no secret: expected"),
    "a vault without a host": ({"GOLDEN_ALLOWED_SECRETS": "https://"}, "GOLDEN_ALLOWED_SECRETS: "),
    "a vault's name alone": ({"GOLDEN_ALLOWED_SECRETS": "builds"}, "GOLDEN_ALLOWED_SECRETS: "),
    "an entire vault": (
        {"GOLDEN_ALLOWED_SECRETS": "https://v.example"}, "GOLDEN_ALLOWED_SECRETS: 'https://v.example' is an entire"
    ),
    "a secret's version": ({"GOLDEN_ALLOWED_SECRETS": f"https://v.example/secrets/s/{'0' * 32}"}, "names no secret"),
    "a star within": ({"GOLDEN_ALLOWED_SECRETS": "https://v.example/secrets/*-s"}, "names no secret"),
    "every vault at once": ({"GOLDEN_ALLOWED_SECRETS": "https://*.vault.azure.net/secrets/*"}, "names no secret"),
    "a vault with a user": ({"GOLDEN_ALLOWED_SECRETS": "https://a@v.example/secrets/s"}, "names no secret"),
    "a life too short": ({"GOLDEN_TEMPORARY_VM_MAX_HOURS": "1"}, "GOLDEN_TEMPORARY_VM_MAX_HOURS: "),
    "a life too long": ({"GOLDEN_TEMPORARY_VM_MAX_HOURS": "169"}, "GOLDEN_TEMPORARY_VM_MAX_HOURS: "),
    "no rollback snapshot": ({"GOLDEN_ROLLBACK_SNAPSHOT_DAYS": "0"}, "GOLDEN_ROLLBACK_SNAPSHOT_DAYS: "),
    "another cleanup": ({"GOLDEN_CLEANUP_MODE": "dryrun"}, "GOLDEN_CLEANUP_MODE: Input should be"),
    "a cleanup of what is new": ({"GOLDEN_CLEANUP_MIN_AGE_MINUTES": "14"}, "GOLDEN_CLEANUP_MIN_AGE_MINUTES: "),
    "no history": ({"GOLDEN_HISTORY_RETENTION_DAYS": "0"}, "GOLDEN_HISTORY_RETENTION_DAYS: "),
    "days as text": ({"GOLDEN_IDEMPOTENCY_RETENTION_DAYS": "many"}, "GOLDEN_IDEMPOTENCY_RETENTION_DAYS: "),
}  # fmt: skip


@rows(("environment", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_setting_that_cannot_be_used_is_reported_by_name(environment: dict[str, str], message: str) -> None:
    assert message in faults(environment)


def test_all_faults_are_reported_at_once() -> None:
    reported = faults(
        {
            "GOLDEN_ALLOWED_SCOPE": "x",
            "GOLDEN_ALLOWED_SCOPES": "x y",
            "GOLDEN_POLLING": "{",
            "GOLDEN_ARM_ENDPOINT": "http://x",
            "GOLDEN_CREDENTIAL": "x",
            "GOLDEN_HISTORY_RETENTION_DAYS": "90",
        }
    )
    for part in (
        "GOLDEN_ALLOWED_SCOPE is not a setting",
        "GOLDEN_ALLOWED_SCOPES.0: ",
        "GOLDEN_ALLOWED_SCOPES.1: ",
        "GOLDEN_POLLING: ",
        "GOLDEN_ARM_ENDPOINT: ",
        "GOLDEN_CREDENTIAL: ",
        "GOLDEN_IDEMPOTENCY_RETENTION_DAYS must be more",
    ):
        assert part in reported


@unhurried
@given(st.dictionaries(st.sampled_from(sorted(READ)), st.text()))
def test_no_text_raises_anything_else(environment: dict[str, str]) -> None:
    try:
        read_settings(environment)
    except BadSettings as error:
        assert "GOLDEN_" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "golden-images"),
        ({"WEBSITE_SITE_NAME": "site"}, "site"),
        ({"WEBSITE_SITE_NAME": "site", "GOLDEN_APP_NAME": "mine"}, "mine"),
        ({"WEBSITE_SITE_NAME": "site", "GOLDEN_APP_NAME": " "}, "site"),
        ({"WEBSITE_SITE_NAME": ""}, "golden-images"),
    ],
)
def test_the_default_app_name_is_the_site_name(environment: dict[str, str], name: str) -> None:
    assert read_settings(environment).app_name == name


def test_the_settings_of_a_run_are_copied() -> None:
    found = read_settings({name: text for name, (text, _) in READ.items()})
    assert found.for_run().model_dump() == {
        "appName": "my-app",
        "allowedScopes": found.allowed_scopes,
        "inPlaceTriggers": (Trigger.QUEUE, Trigger.EVENT_GRID),
        "optInTag": "allow",
        "optInValue": "yes",
        "buildPlaces": tuple(place.model_dump() for place in found.build_places),
        "allowedSecrets": READ["GOLDEN_ALLOWED_SECRETS"][1],
        "removableExtensions": READ["GOLDEN_REMOVABLE_EXTENSIONS"][1],
        "temporaryVmMaxHours": 48,
        "rollbackSnapshotDays": 3,
        "shutdownDelaySeconds": 10,
        "sysprepTimeoutSeconds": 300,
        "approvalModes": (Mode.IN_PLACE, Mode.CLONE),
        "polling": found.polling.model_dump(),
        "tags": READ["GOLDEN_TAGS"][1],
    }


@pytest.fixture
def fresh() -> Iterator[None]:
    settings.current.cache_clear()
    yield
    settings.current.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    monkeypatch.setenv("GOLDEN_CLIENT_ID", "c-1")
    monkeypatch.setenv("GOLDEN_APP_NAME", "first")
    assert settings.current().app_name == "first"
    monkeypatch.setenv("GOLDEN_APP_NAME", "second")
    assert settings.current().app_name == "first"


def test_settings_cannot_be_changed() -> None:
    found: Any = read_settings({})
    with pytest.raises(ValueError, match="frozen"):
        found.in_place_triggers = (Trigger.HTTP,)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("missing", ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "GOLDEN_CLIENT_ID"])
def test_a_process_that_is_not_safe_to_run_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "GOLDEN_CLIENT_ID"):
        monkeypatch.setenv(name, "1")
    monkeypatch.delenv(missing)
    with pytest.raises(BadSettings, match=missing):
        settings.current()
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    monkeypatch.setenv("GOLDEN_CREDENTIAL", "local")
    assert settings.current(), "a developer's own login needs no client id"
