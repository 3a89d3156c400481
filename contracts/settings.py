"""Every setting of the app, with its default and what it accepts."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from contracts.ids import Scope
from contracts.message import Message
from contracts.own_tags import OwnTags
from contracts.polling import PollingSettings
from contracts.request import Mode
from contracts.resource_ids import SECRETS_LISTED, SubnetId
from contracts.run import LiveSettings, RunSettings, Trigger

_VAULT = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?")
"""The URL of a vault without a secret. It is refused: a caller could have every secret of the vault used in a VM."""


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
            build_subnet_id=self.build_subnet_id,
            allowed_secrets=self.allowed_secrets,
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
