"""host.json's settings as typed values, with the Functions host's defaults."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

from emulators.functions_host.dotnet_values import parse_enum
from emulators.functions_host.durable_options import DurableOptions, read_durable_options
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_json_overrides import with_overrides
from emulators.functions_host.host_json_section import Section
from emulators.functions_host.time_spans import timespan_text

# Azure Storage returns no more messages at once.
_MOST_MESSAGES = 32
_SHORTEST_POLL = timedelta(milliseconds=100)
_SHORTEST_TIMEOUT = timedelta(seconds=1)
_ENCODINGS = {"None": 0, "Base64": 1}
_LEVELS = {"Trace": 0, "Debug": 1, "Information": 2, "Warning": 3, "Error": 4, "Critical": 5, "None": 6}


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`; `visibility_timeout` is the delay before a failed message is visible again.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
    """

    batch_size: int = 16
    # Half a batch for each processor.
    new_batch_threshold: int = 8 * (os.cpu_count() or 1)
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    # Without a setting, Azure's host waits up to a minute, Core Tools and this host two seconds.
    max_polling_interval: timedelta = timedelta(seconds=2)
    base64: bool = True


@dataclass(frozen=True)
class HostConfig:
    """host.json."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()
    durable: DurableOptions = field(default_factory=DurableOptions)
    default_log_level: str = "Information"
    # The default of every plan but Consumption; None is no limit.
    function_timeout: timedelta | None = timedelta(minutes=30)


def read_host_config(app_dir: Path, settings: Mapping[str, str] | None = None) -> HostConfig:
    """Reads `host.json` with the overrides in `settings`; a missing or empty file means the defaults.

    Raises:
        ConfigurationError: the file is not JSON, has not version 2.0, or a value stops Azure's host.
    """
    path = app_dir / "host.json"
    try:
        document: object = json.loads(path.read_text("utf-8-sig")) if path.exists() else {}
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid JSON: {error}") from error
    _check_version(document)
    return parse_host_config(with_overrides(document, settings or {}))


def parse_host_config(document: object) -> HostConfig:
    """Reads a decoded host.json; names match in any case, and unknown ones are ignored, as in the Functions host.

    Raises:
        ConfigurationError: a value stops Azure's host.
    """
    root = Section(document)
    extensions = root.child("extensions")
    prefix = extensions.child("http").text("routePrefix")
    return HostConfig(
        route_prefix=("api" if prefix is None else prefix).strip("/"),
        queues=_queue_options(extensions.child("queues")),
        durable=read_durable_options(extensions.child("durableTask")),
        default_log_level=_log_level(root.child("logging")),
        function_timeout=_timeout(root),
    )


def _check_version(document: object) -> None:
    """Source: `InitializeHostConfig` of the Functions host's HostJsonFileConfigurationSource; names with their case."""
    values: Mapping[str, object] = cast(Mapping[str, object], document) if isinstance(document, dict) else {}
    if not values:
        return
    version = values.get("version")
    if version is None or version == "":
        raise ConfigurationError("The host.json file is missing the required 'version' property: write \"2.0\"")
    if version != "2.0":
        raise ConfigurationError(f"'{version}' is an invalid value for host.json 'version' property: write \"2.0\"")


def _queue_options(section: Section) -> QueueOptions:
    defaults = QueueOptions()
    batch = section.number("batchSize", defaults.batch_size, least=1, most=_MOST_MESSAGES)
    polling = section.span("maxPollingInterval", defaults.max_polling_interval)
    if polling < _SHORTEST_POLL:
        least = timespan_text(_SHORTEST_POLL)
        raise section.fault("maxPollingInterval", f"MaxPollingInterval must not be less than {least}.")
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.number("newBatchThreshold", batch // 2 * (os.cpu_count() or 1), least=0),
        max_dequeue_count=section.number("maxDequeueCount", defaults.max_dequeue_count, least=1),
        visibility_timeout=section.span("visibilityTimeout", defaults.visibility_timeout),
        max_polling_interval=polling,
        base64=section.one_of("messageEncoding", _ENCODINGS, "Base64") == "Base64",
    )


def _log_level(logging: Section) -> str:
    """The default level; every level in it has to be one, those of its providers too, with an empty text for none."""
    for section in (logging, *logging.children()):
        for name, text in section.texts_of("logLevel"):
            try:
                parse_enum(text or "None", _LEVELS)
            except ValueError:
                raise ConfigurationError(f"{name}: Configuration value '{text}' is not supported.") from None
    level = logging.child("logLevel").member("default", _LEVELS, "Information", nullable=True)
    return next((name for name, number in _LEVELS.items() if number == level), "None" if level > 0 else "Trace")


def _timeout(root: Section) -> timedelta | None:
    """`functionTimeout`; -1, which is minus one day to .NET, is no limit."""
    timeout = root.span("functionTimeout", timedelta(minutes=30), nullable=True)
    if timeout == timedelta(days=-1):
        return None
    if timeout < _SHORTEST_TIMEOUT:
        raise root.fault("functionTimeout", f"must be at least {timespan_text(_SHORTEST_TIMEOUT)}")
    return timeout
