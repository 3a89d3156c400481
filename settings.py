"""What the environment told us, read once; the only reader of os.environ."""

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
from contracts.reading import BadRequest, parse_json
from contracts.resource_ids import SECRETS_LISTED, SubnetId
from contracts.run import Door, RunSettings, Waits

_VAULT = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?")
"""A vault and none of its secrets: whoever may ask for any secret of it has them all put into his own machine."""


class BadSettings(ValueError):
    """The environment holds a setting that cannot be used; the text names each and says what to change."""


class Settings(Message):
    """Every setting of the app; the field descriptions are the reference of the README's table."""

    model_config = ConfigDict(alias_generator=None)

    allowed_scopes: tuple[Scope, ...] = Field(
        default=(), description="Subscriptions and resource groups whose machines may be touched. Empty: none."
    )
    in_place_doors: tuple[Door, ...] = Field(
        default=(), description="Doors that may give machines up: queue, timer, eventGrid, http. Empty: none."
    )
    opt_in_tag: str = Field(
        default="golden-image-in-place=allowed", description="Tag a machine must carry before it may be given up."
    )
    credential: Literal["managedIdentity", "local"] = Field(
        default="managedIdentity", description='Whose identity: "local" is the developer\'s own login.'
    )
    client_id: str | None = Field(default=None, description="Client id of the user-assigned managed identity.")
    arm_endpoint: str = Field(default="https://management.azure.com", description="Address of Azure Resource Manager.")
    arm_audience: str = Field(default="https://management.azure.com", description="Audience of the token.")
    ca_file: str | None = Field(default=None, description="CA bundle to trust instead of the system's.")
    subnet_id: SubnetId | None = Field(
        default=None, description="ARM id of the subnet of temporary machines whose request names none."
    )
    key_vaults: tuple[str, ...] = Field(
        default=(),
        description="Addresses of the Key Vault secrets that a request may name: https://<vault>/secrets/<name>, or "
        "the beginning of names and a *. Empty: none.",
    )
    temporary_hours: int = Field(
        default=24, ge=2, le=168, description="A temporary machine lives so many hours at most."
    )
    undo_days: int = Field(
        default=14,
        ge=1,
        le=3_650,
        description="An undo snapshot is kept so many days; then a sweep that deletes takes it away.",
    )
    sweep: Literal["off", "dryRun", "delete"] = Field(
        default="dryRun", description="What becomes of leftovers of ended runs: nothing, told, or deleted."
    )
    sweep_age_minutes: int = Field(
        default=120, ge=15, le=10_080, description="A younger leftover is left alone for now."
    )
    approvers: tuple[str, ...] = Field(
        default=(),
        description="Principals that may approve runs, as App Service authentication names them. Empty: any caller.",
    )
    waits: Waits = Field(default=Waits(), description="JSON: waits that differ from the defaults, stage by stage.")
    shutdown_delay_seconds: int = Field(
        default=60, ge=10, le=600, description="How long the guest waits before it seals (Linux) or stops (Windows)."
    )
    sysprep_timeout_seconds: int = Field(default=1_800, ge=300, le=4_500, description="How long Sysprep may take.")
    timer_schedule: str = Field(
        default="0 0 4 * * 0", description="When the timer door starts its requests: NCRONTAB (UTC) or hh:mm:ss."
    )
    timer_requests: dict[str, object] = Field(
        default={}, description="JSON: name to request document; the timer starts each."
    )
    history_days: int = Field(default=30, ge=1, le=3_650, description="Finished runs are kept so many days.")
    claim_days: int = Field(
        default=60, ge=2, le=3_650, description="A requestId is remembered so many days; longer than the history."
    )
    app_name: str = Field(default="golden-images", description="Names this app on the machines it works on.")

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
            raise ValueError("must be an address that begins with https://: a token is never sent in the clear")
        return url.rstrip("/")

    @field_validator("key_vaults")
    @classmethod
    def _vaults(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(url.rstrip("/").lower() for url in urls)
        for url in found:
            if _VAULT.fullmatch(vault := url.removesuffix("/secrets")):
                raise ValueError(
                    f"{url!r} is a whole vault: name the secrets that a request may have, {vault}/secrets/<name> or "
                    f"the beginning of their names, {vault}/secrets/sysprep-*; {vault}/secrets/* is all of them"
                )
            if not SECRETS_LISTED.fullmatch(url):
                raise ValueError(
                    f"{url!r} names no secret: expected https://<name>.vault.azure.net/secrets/<name>, or the "
                    "beginning of names and a *"
                )
        return found

    def for_run(self) -> RunSettings:
        """Give the part that is stamped into a run, so that a later change does not touch it."""
        tag, _, value = self.opt_in_tag.partition("=")
        return RunSettings(
            app_name=self.app_name,
            allowed_scopes=self.allowed_scopes,
            in_place_doors=self.in_place_doors,
            opt_in_tag=tag,
            opt_in_value=value,
            subnet_id=self.subnet_id,
            key_vaults=self.key_vaults,
            temporary_hours=self.temporary_hours,
            undo_days=self.undo_days,
            shutdown_delay_seconds=self.shutdown_delay_seconds,
            sysprep_timeout_seconds=self.sysprep_timeout_seconds,
            waits=self.waits,
        )


PREFIX = "GOLDEN_"
_LISTS = {"allowed_scopes", "in_place_doors", "key_vaults", "approvers"}
_JSON = {"waits", "timer_requests"}
_SYSPREP_ROOM, _LINUX_ROOM, _WINDOWS_ROOM = 900, 600, 300


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from GOLDEN_* names; BadSettings names every setting that cannot be used.

    A GOLDEN_* name that is no setting is an error too: a misspelt guard must not be ignored.
    """
    values: dict[str, object] = {}
    faults: list[str] = []
    for name, text in environment.items():
        if not name.upper().startswith(PREFIX):
            continue
        field = name[len(PREFIX) :].lower()
        if field not in Settings.model_fields or name != name.upper():
            faults.append(f"{name} is no setting of this app; correct or remove it")
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
    """Give this process's settings, read when first asked for; BadSettings also where the process is not safe to run.

    The durable codec's loose mode rebuilds objects from payloads in which a guest has a say.
    """
    faults: list[str] = []
    if os.environ.get(STRICT_TYPING) != "1":
        faults.append(f"{STRICT_TYPING} must be 1: payloads may not choose which Python objects they become")
    found = read_settings(os.environ)
    if found.credential == "managedIdentity" and not found.client_id:
        faults.append("GOLDEN_CLIENT_ID must name the managed identity to use (or GOLDEN_CREDENTIAL be local)")
    if faults:
        raise BadSettings("; ".join(faults))
    return found


STRICT_TYPING = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"


def platform_authenticates() -> bool:
    """Tell whether App Service authentication stands before the app: only then are its principal headers true."""
    return os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"


def _value(field: str, text: str) -> object:
    if field in _LISTS:
        return tuple(part for part in text.replace(",", " ").split() if part)
    if field in _JSON:
        document, twins = parse_json(text)
        if twins:
            raise BadRequest(twins)
        return document
    return text.strip()


def _cross_faults(values: Mapping[str, object], found: Settings | None) -> list[str]:
    """Faults that lie between two settings, told together with the others."""
    faults: list[str] = []
    if _days(values, "claim_days") <= _days(values, "history_days"):
        faults.append("GOLDEN_CLAIM_DAYS must be more than GOLDEN_HISTORY_DAYS: claims outlive the history")
    if found is not None:
        faults += _wait_faults(found) + _life_faults(found)
    return faults


def _wait_faults(found: Settings) -> list[str]:
    """Waits that would end before the guest can: it would seal itself after its run had failed."""
    delay, waits = found.shutdown_delay_seconds, found.waits
    least = {
        "windowsReport": (waits.windows_report, found.sysprep_timeout_seconds + _SYSPREP_ROOM, "SYSPREP_TIMEOUT"),
        "linuxStop": (waits.linux_stop, delay + _LINUX_ROOM, "SHUTDOWN_DELAY"),
        "windowsStop": (waits.windows_stop, delay + _WINDOWS_ROOM, "SHUTDOWN_DELAY"),
    }
    return [
        f"GOLDEN_WAITS.{name}.deadline must be at least {seconds} s with this GOLDEN_{setting}_SECONDS: the guest may "
        "take as long"
        for name, (wait, seconds, setting) in least.items()
        if wait.deadline < seconds
    ]


def _life_faults(found: Settings) -> list[str]:
    """A clone must stand until its image is whole: a gallery copies from it all that time."""
    if found.waits.publish.deadline <= found.temporary_hours * 3_600:
        return []
    return [
        f"GOLDEN_WAITS.publish.deadline must be at most {found.temporary_hours * 3_600} s with this "
        "GOLDEN_TEMPORARY_HOURS: the clone must stand until its image is whole"
    ]


def _days(values: Mapping[str, object], field: str) -> float:
    """Give the days as they were asked for; NaN, which no comparison holds for, if they are no number."""
    try:
        return int(str(values.get(field, Settings.model_fields[field].default)))
    except ValueError:
        return math.nan


def _fault(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(location[0]).upper()
    rest = "".join(f".{part}" for part in location[1:])
    return f"{name}{rest}: {message.removeprefix('Value error, ')}"
