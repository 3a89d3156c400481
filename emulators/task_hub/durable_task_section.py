"""Reads host.json's `extensions.durableTask` as the extension reads it."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

_PREFIX = "AzureFunctionsJobHost__extensions__durableTask__"
_PROVIDER = "AzureStorage"
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_TIME = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:\.\d{1,7})?))?")


class VersionMatch(StrEnum):
    """Which runs are accepted, by their version and the default version."""

    NONE = "none"  # all
    STRICT = "strict"  # those of exactly this version
    CURRENT_OR_OLDER = "currentorolder"


def values_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `BackendOptions` that a section names; ValueError for what stops the extension."""
    keys = lower(section)
    provider = _provider(keys)
    kind = str(provider.get("type") or _PROVIDER)
    if kind.lower() != _PROVIDER.lower():
        raise ValueError(f"Storage provider type ({kind}) was not found. Available storage providers: {_PROVIDER}")
    values: dict[str, Any] = {}
    for place, readers in ((keys, _OF_SECTION), (provider, _OF_PROVIDER)):
        for key, (field, read) in readers.items():
            value = place.get(key.lower())
            if value is not None:
                values[field] = read(key, value)
    if not values.get("max_polling_interval", True):
        del values["max_polling_interval"]  # zero is the default
    return values


def with_environment(section: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Override host.json's `extensions.durableTask` with settings of the environment; names lose their case."""
    keys = lower(section)
    provider = _provider(keys)
    for name, value in environment.items():
        if not name.lower().startswith(_PREFIX.lower()):
            continue
        first, _, rest = name[len(_PREFIX) :].lower().partition("__")
        if first == "storageprovider" and rest:
            provider[rest] = value
        elif not rest:
            keys[first] = value
    return {**keys, "storageprovider": provider} if provider else keys


def lower(section: Any) -> dict[str, Any]:
    """Return a section with its names in lower case, since .NET reads them in any."""
    if not isinstance(section, Mapping):
        raise ValueError(f"{section!r} is not an object: write a JSON object")
    return {str(key).lower(): value for key, value in cast("Mapping[str, Any]", section).items()}


def _minutes(key: str, value: Any) -> timedelta:
    try:
        return timedelta(minutes=int(str(value)))
    except ValueError:
        raise ValueError(f"{key}: {value!r} is not a whole number") from None


def _one_of(key: str, value: Any, names: tuple[str, ...]) -> str:
    if str(value).lower() not in (name.lower() for name in names):
        raise ValueError(f"{key}: {value!r} must be one of {', '.join(names)}")
    return str(value).lower()


def _provider(keys: Mapping[str, Any]) -> dict[str, Any]:
    section = keys.get("storageprovider")
    return lower(section) if isinstance(section, Mapping) else {}  # text is ignored, as by the extension


def _visibility(key: str, value: Any) -> timedelta:
    time = _time(key, value)
    if not _SHORTEST <= time <= _LONGEST:
        raise ValueError(f"ControlQueueVisibilityTimeout must be between 1 and 60 minutes, not {value}.")
    return time


def _time(key: str, value: Any) -> timedelta:
    if re.fullmatch(r"\d{1,4}", str(value)):
        return timedelta(days=int(value))  # as .NET reads a whole number
    found = _TIME.fullmatch(str(value))
    if found is None:
        raise ValueError(f"{key}: {value!r} is not a time span: write hh:mm:ss")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict().items() if number is not None})


type _Reader = Callable[[str, Any], Any]

_OF_SECTION: dict[str, tuple[str, _Reader]] = {
    "entityMessageReorderWindowInMinutes": ("entity_reorder_window", _minutes),
    "defaultVersion": ("default_version", lambda _, value: str(value) or None),
    "maxGrpcMessageSizeInBytes": ("max_message_bytes", lambda _, value: int(value)),
    "overridableExistingInstanceStates": (
        "replace_running",
        lambda key, value: _one_of(key, value, ("NonRunningStates", "AnyState")) == "anystate",
    ),
    "versionMatchStrategy": (
        "version_match",
        lambda key, value: VersionMatch(_one_of(key, value, ("None", "Strict", "CurrentOrOlder"))),
    ),
    "versionFailureStrategy": (
        "fail_other_versions",
        lambda key, value: _one_of(key, value, ("Reject", "Fail")) == "fail",
    ),
}
_OF_PROVIDER: dict[str, tuple[str, _Reader]] = {
    "controlQueueVisibilityTimeout": ("control_queue_visibility", _visibility),
    "workItemQueueVisibilityTimeout": ("work_item_visibility", _time),  # of any size
    "maxQueuePollingInterval": ("max_polling_interval", _time),
}
