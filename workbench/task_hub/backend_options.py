"""What the Durable extension's Azure Storage backend is set to; each default is the extension's own."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

_PREFIX = "AzureFunctionsJobHost__extensions__durableTask__"
_PROVIDER = "AzureStorage"
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_TIME = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:\.\d{1,7})?))?")


class LostWorker(StrEnum):
    """What closing a worker's stream with work in hand stands for."""

    HOST = "host"  # the host is gone with its worker: the work comes back after its visibility timeout
    WORKER = "worker"  # the worker's process ended in a living host: an activity or an operation fails at once
    BOTH = "both"  # the first stream that is lost stands for a host, the next for a worker, and so on


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """The settings of the backend, and which of its races happen.

    `entity_reorder_window`: above zero, calls and lock requests to entities without a time of sending are dropped.
    `control_queue_visibility`, `work_item_visibility`: how long a turn or a batch, or an activity, of a host that is
    gone stays hidden. `max_polling_interval`: the longest pause between two looks at an idle queue.
    `max_message_bytes`: of a gRPC message. `default_version`: of runs started without one.
    `replace_running`: a start under the id of a running instance replaces it (`AnyState`), else only that of an
    ended one. `remote_clients`: clients are on other instances than the workers, so that what they send is seen at
    the next poll. `early_timers`: a timer's message is hidden for whole seconds, so it comes up to one second early.
    `late_timers`: it is seen at the next poll, so it comes up to the polling interval late.
    `lose_early_events`: what a client sends to an instance that a client started before its first turn is lost.
    `lost_worker`: see `LostWorker`.
    """

    entity_reorder_window: timedelta = timedelta(minutes=30)
    control_queue_visibility: timedelta = timedelta(minutes=5)
    work_item_visibility: timedelta = timedelta(minutes=5)
    max_polling_interval: timedelta = timedelta(seconds=30)
    max_message_bytes: int = 4 * 1024 * 1024
    default_version: str | None = None
    replace_running: bool = False
    remote_clients: bool = False
    early_timers: bool = True
    late_timers: bool = True
    lose_early_events: bool = True
    lost_worker: LostWorker = LostWorker.HOST

    @classmethod
    def of_durable_task(cls, section: Mapping[str, Any]) -> "BackendOptions":
        """Read host.json's `extensions.durableTask`, whose names may be in any case.

        Raises ValueError for what stops the extension at its start.
        """
        keys = _lower(section)
        provider = _provider(keys)
        kind = str(provider.get("type") or _PROVIDER)
        if kind.lower() != _PROVIDER.lower():
            text = f"Storage provider type ({kind}) was not found. Available storage providers: {_PROVIDER}"
            raise ValueError(text)
        given: dict[str, Any] = {}
        if "entitymessagereorderwindowinminutes" in keys:
            given["entity_reorder_window"] = _minutes(keys["entitymessagereorderwindowinminutes"])
        if keys.get("defaultversion"):
            given["default_version"] = str(keys["defaultversion"])
        if "overridableexistinginstancestates" in keys:
            given["replace_running"] = _any_state(str(keys["overridableexistinginstancestates"]))
        if "controlqueuevisibilitytimeout" in provider:
            given["control_queue_visibility"] = _visibility(provider["controlqueuevisibilitytimeout"])
        if "workitemqueuevisibilitytimeout" in provider:  # the extension does not look at its size
            given["work_item_visibility"] = _time(
                "workItemQueueVisibilityTimeout", provider["workitemqueuevisibilitytimeout"]
            )
        if keys.get("maxgrpcmessagesizeinbytes"):
            given["max_message_bytes"] = int(keys["maxgrpcmessagesizeinbytes"])
        if "maxqueuepollinginterval" in provider:
            pause = _time("maxQueuePollingInterval", provider["maxqueuepollinginterval"])
            if pause:  # zero is the default
                given["max_polling_interval"] = pause
        return cls(**given)

    @classmethod
    def of_host_json(cls, file: Path, environment: Mapping[str, str] | None = None) -> "BackendOptions":
        """Read a host.json; settings `AzureFunctionsJobHost__extensions__durableTask__…` of the environment win."""
        content: Any = json.loads(file.read_text())
        section: Any = _lower(_lower(content).get("extensions") or {}).get("durabletask") or {}
        return cls.of_durable_task(with_environment(section, os.environ if environment is None else environment))

    def without_races(self) -> "BackendOptions":
        """Give the same settings with timers on time, no event lost and one process for all."""
        return replace(self, remote_clients=False, early_timers=False, late_timers=False, lose_early_events=False)


def with_environment(section: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Lay the settings of the environment over host.json's `extensions.durableTask`; names lose their case."""
    keys = _lower(section)
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


def _lower(section: Any) -> dict[str, Any]:
    if not isinstance(section, Mapping):
        raise ValueError(f"{section!r} is no section of settings: write an object")
    return {str(key).lower(): value for key, value in cast("Mapping[str, Any]", section).items()}


def _minutes(value: Any) -> timedelta:
    try:
        return timedelta(minutes=int(str(value)))
    except ValueError:
        raise ValueError(f"entityMessageReorderWindowInMinutes: {value!r} is no whole number") from None


def _any_state(value: str) -> bool:
    if value.lower() not in ("anystate", "nonrunningstates"):
        raise ValueError(f"overridableExistingInstanceStates: {value!r} is neither NonRunningStates nor AnyState")
    return value.lower() == "anystate"


def _provider(keys: Mapping[str, Any]) -> dict[str, Any]:
    section = keys.get("storageprovider")
    return _lower(section) if isinstance(section, Mapping) else {}  # text is passed over, as by the extension


def _visibility(value: Any) -> timedelta:
    time = _time("controlQueueVisibilityTimeout", value)
    if not _SHORTEST <= time <= _LONGEST:
        raise ValueError(f"ControlQueueVisibilityTimeout must be between 1 and 60 minutes, not {value}.")
    return time


def _time(key: str, value: Any) -> timedelta:
    if re.fullmatch(r"\d{1,4}", str(value)):
        return timedelta(days=int(value))  # as .NET reads a whole number
    found = _TIME.fullmatch(str(value))
    if found is None:
        raise ValueError(f"{key}: {value!r} is no time: write hh:mm:ss")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict().items() if number is not None})
