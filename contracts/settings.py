"""Every setting of the app, with its default and what it accepts."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from contracts.build_places import BuildPlaces
from contracts.ids import Scope
from contracts.message import Message
from contracts.own_tags import OwnTags
from contracts.polling import (
    CLEANUP_MIN_AGE_MINUTES,
    HISTORY_RETENTION_DAYS,
    IDEMPOTENCY_RETENTION_DAYS,
    ROLLBACK_SNAPSHOT_DAYS,
    SHUTDOWN_DELAY_SECONDS,
    SYSPREP_TIMEOUT_SECONDS,
    TEMPORARY_VM_HOURS,
    TIMER_SCHEDULE,
    PollingSettings,
)
from contracts.removable_extensions import WELL_KNOWN_AGENTS
from contracts.request import Mode
from contracts.resource_ids import SECRETS_LISTED
from contracts.run import LiveSettings, RunSettings, Trigger
from contracts.tags import OPT_IN_TAG, OPT_IN_VALUE

_VAULT = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?")
"""The URL of a vault without a secret. It is refused: a caller could have every secret of the vault used in a VM."""


_EXTENSION = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_NONE = "none"
_IDENTITY = re.compile(r"[A-Za-z0-9_-]{1,50}:[A-Za-z0-9._@-]{1,150}")


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
        default=f"{OPT_IN_TAG}={OPT_IN_VALUE}",
        description="Tag that a VM must have before it is generalized in place.",
    )
    credential: Literal["managedIdentity", "local"] = Field(
        default="managedIdentity", description="The app's identity; \"local\": the developer's own login."
    )
    client_id: str | None = Field(default=None, description="Client id of the user-assigned managed identity.")
    arm_endpoint: str = Field(default="https://management.azure.com", description="URL of Azure Resource Manager.")
    arm_audience: str = Field(default="https://management.azure.com", description="Audience of the token.")
    ca_file: str | None = Field(default=None, description="CA bundle to use instead of the system's.")
    build_places: BuildPlaces = Field(
        default=(),
        description="JSON: where temporary VMs and rollback snapshots are created, one place for each region of a "
        "subscription (see below).",
    )
    allowed_secrets: tuple[str, ...] = Field(
        default=(),
        description="URLs of the Key Vault secrets that a request may name: https://<vault>/secrets/<name>, or a "
        "prefix of names followed by *. Empty: none.",
    )
    removable_extensions: tuple[str, ...] = Field(
        default=WELL_KNOWN_AGENTS,
        max_length=100,
        description="VM extensions, as Publisher/Type, that a run removes from its clone before it deprovisions it, "
        "because a policy installed them; a clone with any other is refused. `none`: every one is refused.",
    )
    temporary_vm_max_hours: int = Field(
        default=TEMPORARY_VM_HOURS.default,
        ge=TEMPORARY_VM_HOURS.least,
        le=TEMPORARY_VM_HOURS.most,
        description="The longest time in hours that a temporary VM exists.",
    )
    rollback_snapshot_days: int = Field(
        default=ROLLBACK_SNAPSHOT_DAYS.default,
        ge=ROLLBACK_SNAPSHOT_DAYS.least,
        le=ROLLBACK_SNAPSHOT_DAYS.most,
        description='Days that a rollback snapshot is kept; then a cleanup in the mode "delete" deletes it.',
    )
    cleanup_mode: Literal["off", "report", "delete"] = Field(
        default="report",
        description="What the hourly cleanup does with orphaned resources of ended runs: nothing, report or delete.",
    )
    cleanup_min_age_minutes: int = Field(
        default=CLEANUP_MIN_AGE_MINUTES.default,
        ge=CLEANUP_MIN_AGE_MINUTES.least,
        le=CLEANUP_MIN_AGE_MINUTES.most,
        description="A cleanup ignores orphaned resources younger than this.",
    )
    paused: bool = Field(
        default=False,
        description="true: no run begins, and none passes the point of no return; those past it go to their end.",
    )
    require_approval: tuple[Mode, ...] = Field(
        default=(),
        description="Modes whose runs wait for an approval whatever the request says: inPlace, clone. Empty: none.",
    )
    approvers: tuple[str, ...] = Field(
        default=(),
        description="Who may approve runs: <identity provider>:<object id>, as App Service authentication names them "
        "(aad:<object id of the user>). Empty: any caller.",
    )
    polling: PollingSettings = Field(
        default=PollingSettings(), description="JSON: polling that differs from the defaults, by stage."
    )
    shutdown_delay_seconds: int = Field(
        default=SHUTDOWN_DELAY_SECONDS.default,
        ge=SHUTDOWN_DELAY_SECONDS.least,
        le=SHUTDOWN_DELAY_SECONDS.most,
        description="Seconds that the guest waits before it deprovisions (Linux) or stops (Windows).",
    )
    sysprep_timeout_seconds: int = Field(
        default=SYSPREP_TIMEOUT_SECONDS.default,
        ge=SYSPREP_TIMEOUT_SECONDS.least,
        le=SYSPREP_TIMEOUT_SECONDS.most,
        description="Seconds that Sysprep may take.",
    )
    timer_schedule: str = Field(
        default=TIMER_SCHEDULE, description="When the timer trigger starts its requests: NCRONTAB (UTC), or hh:mm:ss."
    )
    timer_requests: dict[str, object] = Field(
        default={}, description="JSON: the requests that the timer trigger starts, by name."
    )
    history_retention_days: int = Field(
        default=HISTORY_RETENTION_DAYS.default,
        ge=HISTORY_RETENTION_DAYS.least,
        le=HISTORY_RETENTION_DAYS.most,
        description="Days that finished runs are kept.",
    )
    idempotency_retention_days: int = Field(
        default=IDEMPOTENCY_RETENTION_DAYS.default,
        ge=IDEMPOTENCY_RETENTION_DAYS.least,
        le=IDEMPOTENCY_RETENTION_DAYS.most,
        description="Days that a requestId is kept; must be more than the history retention.",
    )
    tags: OwnTags = Field(
        default={},
        description='JSON object: tags for everything that the app creates, {"name": "value"}, at most 15. A request '
        "may add others, or give another value.",
    )
    app_name: str = Field(default="golden-images", description="Name of this app in the tags of its resources.")

    @field_validator("opt_in_tag")
    @classmethod
    def _name_and_value(cls, text: str) -> str:
        name, _, value = text.partition("=")
        if not name or not value:
            raise ValueError("must have the form name=value")
        return text

    @field_validator("approvers")
    @classmethod
    def _identities(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if not _IDENTITY.fullmatch(entry):
                raise ValueError(
                    f"{entry!r} is not <identity provider>:<object id>, such as aad:<object id>: names are not unique, "
                    "and another provider's users may choose them"
                )
        return tuple(entry.lower() for entry in entries)

    @field_validator("removable_extensions")
    @classmethod
    def _extensions(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        listed = () if entries == (_NONE,) else entries
        for entry in listed:
            if not _EXTENSION.fullmatch(entry):
                raise ValueError(
                    f"{entry!r} is not <publisher>/<type>, such as Microsoft.Azure.Monitor/AzureMonitorLinuxAgent"
                )
        return listed

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
        """Return the settings that are copied into a run: later changes never give it more."""
        tag, _, value = self.opt_in_tag.partition("=")
        return RunSettings(
            app_name=self.app_name,
            allowed_scopes=self.allowed_scopes,
            in_place_triggers=self.in_place_triggers,
            opt_in_tag=tag,
            opt_in_value=value,
            build_places=self.build_places,
            allowed_secrets=self.allowed_secrets,
            removable_extensions=self.removable_extensions,
            temporary_vm_max_hours=self.temporary_vm_max_hours,
            rollback_snapshot_days=self.rollback_snapshot_days,
            shutdown_delay_seconds=self.shutdown_delay_seconds,
            sysprep_timeout_seconds=self.sysprep_timeout_seconds,
            approval_modes=self.require_approval,
            polling=self.polling,
            tags=self.tags,
        )

    def live(self) -> LiveSettings:
        """Return what decides now, whatever a run was accepted under."""
        return LiveSettings(run=self.for_run(), paused=self.paused, cleanup_mode=self.cleanup_mode)
