"""The app's settings, read once. Only this module reads os.environ."""

import math
import os
from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError

from contracts.parsing import BadRequest, parse_json
from contracts.polling import (
    LINUX_STOP_MARGIN_SECONDS,
    WINDOWS_REPORT_MARGIN_SECONDS,
    WINDOWS_STOP_MARGIN_SECONDS,
)
from contracts.settings import Settings
from contracts.tags import tag_of


class BadSettings(ValueError):
    """Some settings are not valid; the message names each and says what to change."""


PREFIX = "GOLDEN_"
_LISTS = {
    "allowed_scopes",
    "in_place_triggers",
    "allowed_secrets",
    "approvers",
    "require_approval",
    "removable_extensions",
}
_JSON = {"build_places", "polling", "timer_requests", "tags"}


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
        faults += _timeout_faults(found) + _lifetime_faults(found) + _tag_faults(found)
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


def _tag_faults(found: Settings) -> list[str]:
    """Check that no resource of the app gets the tag that says: this VM may be generalized in place."""
    opt_in = found.for_run().opt_in_tag
    if tag_of(found.tags, opt_in) is None:
        return []
    return [f"GOLDEN_TAGS must not contain {opt_in!r}, the tag in GOLDEN_OPT_IN_TAG"]


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
