"""What host.json says, as typed values with the Functions host's defaults."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

from workbench.functions_host.durable_options import DurableOptions, read_durable_options
from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.host_json_overrides import with_overrides
from workbench.functions_host.host_json_section import Section
from workbench.functions_host.time_spans import timespan_text

# Azure Storage hands out no more messages at once.
_MOST_MESSAGES = 32
_SHORTEST_POLL = timedelta(milliseconds=100)


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`; `visibility_timeout` is the wait before a failed message is seen again.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
    """

    batch_size: int = 16
    # Half a batch for each processor.
    new_batch_threshold: int = 8 * (os.cpu_count() or 1)
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    # Azure's host waits up to a minute where host.json says nothing, Core Tools and this host two seconds.
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
    """Reads `host.json` under the overrides in `settings`; a missing or empty file gives the defaults.

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
    """Reads a decoded host.json; names match in any case, and unknown ones are left alone, as in the Functions host.

    Raises:
        ConfigurationError: a value stops Azure's host.
    """
    root = Section(document)
    extensions = root.child("extensions")
    level = root.child("logging").child("logLevel").text("default")
    prefix = extensions.child("http").text("routePrefix")
    return HostConfig(
        route_prefix=("api" if prefix is None else prefix).strip("/"),
        queues=_queue_options(extensions.child("queues")),
        durable=read_durable_options(extensions.child("durableTask")),
        default_log_level=level or "Information",
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
    batch = section.whole("batchSize", defaults.batch_size, least=1, most=_MOST_MESSAGES)
    polling = section.span("maxPollingInterval", defaults.max_polling_interval)
    if polling < _SHORTEST_POLL:
        least = timespan_text(_SHORTEST_POLL)
        raise section.fault("maxPollingInterval", f"MaxPollingInterval must not be less than {least}.")
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.whole("newBatchThreshold", batch // 2 * (os.cpu_count() or 1), least=0),
        max_dequeue_count=section.whole("maxDequeueCount", defaults.max_dequeue_count, least=1),
        visibility_timeout=section.span("visibilityTimeout", defaults.visibility_timeout),
        max_polling_interval=polling,
        base64=section.one_of("messageEncoding", ("base64", "none")) == "base64",
    )


def _timeout(root: Section) -> timedelta | None:
    """`functionTimeout`; -1, as text or number, is no limit."""
    if (root.text("functionTimeout") or "").strip() == "-1":
        return None
    return root.span("functionTimeout", timedelta(minutes=30))
