"""The app's settings, read once. Only this module reads os.environ."""

import math
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationError, field_validator

from contracts.ids import Scope
from contracts.message import Message
from contracts.parsing import BadRequest, parse_json
from contracts.polling import (
    LINUX_STOP_MARGIN_SECONDS,
    WINDOWS_REPORT_MARGIN_SECONDS,
    WINDOWS_STOP_MARGIN_SECONDS,
    PollingSettings,
)
from contracts.resource_ids import SECRETS_LISTED, SubnetId
from contracts.run import RunSettings, Trigger

_VAULT = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?")
"""The URL of a vault without a secret. It is refused: a caller could have every secret of the vault used in a VM."""


class BadSettings(ValueError):
    """Some settings are not valid; the message names each and says what to change."""


class Settings(Message):
    """Every setting of the app. The documentation of the settings is generated from the descriptions."""

    model_config = ConfigDict(alias_generator=None)

    allowed_scopes: tuple[Scope, ...] = Field(
        default=(), description="Subscriptions and resource groups whose VMs may be used. Empty: none."
    )
    in_place_triggers: tuple[Trigger, ...] = Field(
        default=(), description='Triggers that accept mode "inPlace": queue, timer, eventGrid, http. Empty: none.'
    )
    opt_in_tag: str = Field(
        default="golden-image-in-place=allowed",
        description="Tag that a VM must have before it is generalized in place.",
    )
    credential: Literal["managedIdentity", "local"] = Field(
        default="managedIdentity", description="The app's identity; \"local\": the developer's own login."
    )
    client_id: str | None = Field(default=None, description="Client id of the user-assigned managed identity.")
    arm_endpoint: str = Field(default="https://management.azure.com", description="URL of Azure Resource Manager.")
    arm_audience: str = Field(default="https://management.azure.com", description="Audience of the token.")
    ca_file: str | None = Field(default=None, description="CA bundle to use instead of the system's.")
    build_subnet_id: SubnetId | None = Field(
        default=None, description="ARM id of the subnet for temporary VMs, unless the request names one."
    )
    allowed_secrets: tuple[str, ...] = Field(
        default=(),
        description="URLs of the Key Vault secrets that a request may name: https://<vault>/secrets/<name>, or a "
        "prefix of names followed by *. Empty: none.",
    )
    temporary_vm_max_hours: int = Field(
        default=24, ge=2, le=168, description="The longest time in hours that a temporary VM exists."
    )
    rollback_snapshot_days: int = Field(
        default=14,
        ge=1,
        le=3_650,
        description='Days that a rollback snapshot is kept; then a cleanup in the mode "delete" deletes it.',
    )
    cleanup_mode: Literal["off", "report", "delete"] = Field(
        default="report",
        description="What the hourly cleanup does with orphaned resources of ended runs: nothing, report or delete.",
    )
    cleanup_min_age_minutes: int = Field(
        default=120, ge=15, le=10_080, description="A cleanup ignores orphaned resources younger than this."
    )
    approvers: tuple[str, ...] = Field(
        default=(),
        description="Principals that may approve runs, by their name in App Service authentication. Empty: any caller.",
    )
    polling: PollingSettings = Field(
        default=PollingSettings(), description="JSON: polling that differs from the defaults, by stage."
    )
    shutdown_delay_seconds: int = Field(
        default=60,
        ge=10,
        le=600,
        description="Seconds that the guest waits before it deprovisions (Linux) or stops (Windows).",
    )
    sysprep_timeout_seconds: int = Field(default=1_800, ge=300, le=4_500, description="Seconds that Sysprep may take.")
    timer_schedule: str = Field(
        default="0 0 4 * * 0", description="When the timer trigger starts its requests: NCRONTAB (UTC), or hh:mm:ss."
    )
    timer_requests: dict[str, object] = Field(
        default={}, description="JSON: the requests that the timer trigger starts, by name."
    )
    history_retention_days: int = Field(default=30, ge=1, le=3_650, description="Days that finished runs are kept.")
    idempotency_retention_days: int = Field(
        default=60,
        ge=2,
        le=3_650,
        description="Days that a requestId is kept; must be more than the history retention.",
    )
    app_name: str = Field(default="golden-images", description="Name of this app in the tags of its resources.")

    @field_validator("opt_in_tag")
    @classmethod
    def _name_and_value(cls, text: str) -> str:
        name, _, value = text.partition("=")
        if not name or not value:
            raise ValueError("must have the form name=value")
        return text

    @field_validator("arm_endpoint")
    @classmethod
    def _over_https(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("must be a URL that begins with https://: a token is never sent unencrypted")
        return url.rstrip("/")

    @field_validator("allowed_secrets")
    @classmethod
    def _vaults(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(url.rstrip("/").lower() for url in urls)
        for url in found:
            if _VAULT.fullmatch(vault := url.removesuffix("/secrets")):
                raise ValueError(
                    f"{url!r} is an entire vault: name the secrets that a request may use, {vault}/secrets/<name> or "
                    f"a prefix of their names, {vault}/secrets/sysprep-*; {vault}/secrets/* allows all of them"
                )
            if not SECRETS_LISTED.fullmatch(url):
                raise ValueError(
                    f"{url!r} names no secret: expected https://<name>.vault.azure.net/secrets/<name>, or a "
                    "prefix of names followed by *"
                )
        return found

    def for_run(self) -> RunSettings:
        """Return the settings that are copied into a run, so that later changes do not affect it."""
        tag, _, value = self.opt_in_tag.partition("=")
        return RunSettings(
            app_name=self.app_name,
            allowed_scopes=self.allowed_scopes,
            in_place_triggers=self.in_place_triggers,
            opt_in_tag=tag,
            opt_in_value=value,
            build_subnet_id=self.build_subnet_id,
            allowed_secrets=self.allowed_secrets,
            temporary_vm_max_hours=self.temporary_vm_max_hours,
            rollback_snapshot_days=self.rollback_snapshot_days,
            shutdown_delay_seconds=self.shutdown_delay_seconds,
            sysprep_timeout_seconds=self.sysprep_timeout_seconds,
            polling=self.polling,
        )


PREFIX = "GOLDEN_"
_LISTS = {"allowed_scopes", "in_place_triggers", "allowed_secrets", "approvers"}
_JSON = {"polling", "timer_requests"}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from the GOLDEN_* variables; BadSettings names every setting that is not valid.

    An unknown GOLDEN_* name is an error too: a misspelled safety setting must not be ignored.
    """
    values: dict[str, object] = {}
    faults: list[str] = []
    for name, text in environment.items():
        if not name.upper().startswith(PREFIX):
            continue
        field = name[len(PREFIX) :].lower()
        if field not in Settings.model_fields or name != name.upper():
            faults.append(f"{name} is not a setting of this app; correct or remove it")
        elif text.strip():
            try:
                values[field] = _value(field, text)
            except BadRequest as bad:
                faults.append(f"{name}: {bad}")
    if "app_name" not in values and environment.get("WEBSITE_SITE_NAME"):
        values["app_name"] = environment["WEBSITE_SITE_NAME"]
    try:
        found = Settings.model_validate(values)
    except ValidationError as error:
        found = None
        faults += [_fault(item["loc"], item["msg"]) for item in error.errors(include_url=False)]
    faults += _cross_faults(values, found)
    if faults or found is None:
        raise BadSettings("; ".join(faults))
    return found


@lru_cache(maxsize=1)
def current() -> Settings:
    """Return this process's settings, read on the first call; BadSettings also if the process is not safe to run.

    Without strict typing, the Durable Functions codec creates any Python object that a payload names, and payloads
    contain text from guests.
    """
    faults: list[str] = []
    if os.environ.get(STRICT_TYPING) != "1":
        faults.append(f"{STRICT_TYPING} must be 1: otherwise payloads choose which Python objects are created")
    found = read_settings(os.environ)
    if found.credential == "managedIdentity" and not found.client_id:
        faults.append(
            "GOLDEN_CLIENT_ID must be the client id of the managed identity (or set GOLDEN_CREDENTIAL to local)"
        )
    if faults:
        raise BadSettings("; ".join(faults))
    return found


STRICT_TYPING = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"


def platform_authenticates() -> bool:
    """Return whether App Service authentication is on: only then can its principal headers be trusted."""
    return os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"


def _value(field: str, text: str) -> object:
    if field in _LISTS:
        return tuple(part for part in text.replace(",", " ").split() if part)
    if field in _JSON:
        document, duplicates = parse_json(text)
        if duplicates:
            raise BadRequest(duplicates)
        return document
    return text.strip()


def _cross_faults(values: Mapping[str, object], found: Settings | None) -> list[str]:
    """Find faults between two settings; they are reported together with the others."""
    faults: list[str] = []
    if _days(values, "idempotency_retention_days") <= _days(values, "history_retention_days"):
        faults.append(
            "GOLDEN_IDEMPOTENCY_RETENTION_DAYS must be more than GOLDEN_HISTORY_RETENTION_DAYS: otherwise a request "
            "that is sent again could start a second run"
        )
    if found is not None:
        faults += _timeout_faults(found) + _lifetime_faults(found)
    return faults


def _timeout_faults(found: Settings) -> list[str]:
    """Find timeouts that end before the guest can finish: it would deprovision itself after its run has failed."""
    delay, polling = found.shutdown_delay_seconds, found.polling
    least = {
        "windowsReport": (
            polling.windows_report,
            found.sysprep_timeout_seconds + WINDOWS_REPORT_MARGIN_SECONDS,
            "SYSPREP_TIMEOUT",
        ),
        "linuxStop": (polling.linux_stop, delay + LINUX_STOP_MARGIN_SECONDS, "SHUTDOWN_DELAY"),
        "windowsStop": (polling.windows_stop, delay + WINDOWS_STOP_MARGIN_SECONDS, "SHUTDOWN_DELAY"),
    }
    return [
        f"GOLDEN_POLLING.{name}.timeoutSeconds must be at least {seconds} s with this GOLDEN_{setting}_SECONDS: the "
        "guest may take that long"
        for name, (stage, seconds, setting) in least.items()
        if stage.timeout_seconds < seconds
    ]


def _lifetime_faults(found: Settings) -> list[str]:
    """Check that a clone may exist until its image version has succeeded: the gallery copies from it until then."""
    if found.polling.publish.timeout_seconds <= found.temporary_vm_max_hours * 3_600:
        return []
    return [
        f"GOLDEN_POLLING.publish.timeoutSeconds must be at most {found.temporary_vm_max_hours * 3_600} s with this "
        "GOLDEN_TEMPORARY_VM_MAX_HOURS: the clone must exist until its image version has succeeded"
    ]


def _days(values: Mapping[str, object], field: str) -> float:
    """Return the days in the setting; NaN, for which every comparison is false, if they are not a number."""
    try:
        return int(str(values.get(field, Settings.model_fields[field].default)))
    except ValueError:
        return math.nan


def _fault(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(location[0]).upper()
    rest = "".join(f".{part}" for part in location[1:])
    return f"{name}{rest}: {message.removeprefix('Value error, ')}"
