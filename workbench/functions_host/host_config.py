"""What host.json says, as typed values with the Functions host's defaults."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.host_json_overrides import with_overrides

type Json = Mapping[str, object]


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`; `visibility_timeout` is the wait before a failed message is seen again.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    # The deployed host waits up to a minute; in development it is two seconds, and this host is that.
    max_polling_interval: timedelta = timedelta(seconds=2)
    base64: bool = True


@dataclass(frozen=True)
class DurableOptions:
    """`extensions.durableTask`."""

    hub_name: str = "TestHubName"
    max_concurrent_activities: int = 10
    max_concurrent_orchestrators: int = 10
    max_concurrent_entities: int = 10
    default_version: str | None = None


@dataclass(frozen=True)
class HostConfig:
    """host.json."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()
    durable: DurableOptions = DurableOptions()
    default_log_level: str = "Information"
    # The default of every plan but Consumption; None is no limit.
    function_timeout: timedelta | None = timedelta(minutes=30)


def read_host_config(app_dir: Path, settings: Mapping[str, str] | None = None) -> HostConfig:
    """Reads `host.json` under the overrides in `settings`; a missing file gives the defaults.

    Raises:
        ConfigurationError: the file is not JSON, or a value has the wrong type.
    """
    path = app_dir / "host.json"
    try:
        document: object = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid JSON: {error}") from error
    return parse_host_config(with_overrides(document, settings or {}))


def parse_host_config(document: object) -> HostConfig:
    """Reads a decoded host.json; unknown keys are left alone, as the Functions host does."""
    root = _section(document, "host.json")
    extensions = _child(root, "extensions")
    levels = _child(_child(root, "logging"), "logLevel")
    return HostConfig(
        route_prefix=_text(_child(extensions, "http"), "routePrefix", "api").strip("/"),
        queues=_queue_options(_child(extensions, "queues")),
        durable=_durable_options(_child(extensions, "durableTask")),
        default_log_level=_text(levels, "default", "Information"),
        function_timeout=_timeout(root),
    )


def parse_timespan(text: str) -> timedelta:
    """Reads .NET's `[d.]hh:mm:ss[.fff]`.

    Raises:
        ConfigurationError: it is not one.
    """
    days, _, clock = text.strip().rpartition(".") if text.count(":") == 2 and _has_days(text) else ("", "", text)
    try:
        hours, minutes, seconds = clock.strip().split(":")
        return timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    except ValueError:
        raise ConfigurationError(f"{text!r} is not a time span: write hh:mm:ss") from None


def _has_days(text: str) -> bool:
    first_dot = text.find(".")
    return 0 <= first_dot < text.find(":")


def _queue_options(section: Json) -> QueueOptions:
    batch = min(max(_number(section, "batchSize", 16), 1), 32)
    encoding = _text(section, "messageEncoding", "base64").lower()
    if encoding not in ("base64", "none"):
        raise ConfigurationError(f"host.json: queues.messageEncoding is {encoding!r}: write base64 or none")
    defaults = QueueOptions()
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=_number(section, "newBatchThreshold", batch // 2),
        max_dequeue_count=max(_number(section, "maxDequeueCount", defaults.max_dequeue_count), 1),
        visibility_timeout=_span(section, "visibilityTimeout", defaults.visibility_timeout),
        max_polling_interval=_span(section, "maxPollingInterval", defaults.max_polling_interval),
        base64=encoding == "base64",
    )


def _durable_options(section: Json) -> DurableOptions:
    defaults = DurableOptions()
    return DurableOptions(
        hub_name=_text(section, "hubName", defaults.hub_name),
        max_concurrent_activities=_number(section, "maxConcurrentActivityFunctions", 10),
        max_concurrent_orchestrators=_number(section, "maxConcurrentOrchestratorFunctions", 10),
        max_concurrent_entities=_number(section, "maxConcurrentEntityFunctions", 10),
        default_version=_text(section, "defaultVersion", "") or None,
    )


def _timeout(root: Json) -> timedelta | None:
    """`functionTimeout`; -1, as text or number, is no limit."""
    if str(root.get("functionTimeout")).strip() == "-1":
        return None
    return _span(root, "functionTimeout", timedelta(minutes=30))


def _section(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name} must hold a JSON object")
    return cast(Json, value)


def _child(section: Json, name: str) -> Json:
    value = section.get(name)
    return {} if value is None else _section(value, f"host.json: {name}")


def _text(section: Json, name: str, default: str) -> str:
    value = section.get(name, default)
    if not isinstance(value, str):
        raise ConfigurationError(f"host.json: {name} must be a string, not {value!r}")
    return value


def _number(section: Json, name: str, default: int) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(f"host.json: {name} must be a whole number, not {value!r}")
    return value


def _span(section: Json, name: str, default: timedelta) -> timedelta:
    value = section.get(name)
    return default if value is None else parse_timespan(_text(section, name, ""))
