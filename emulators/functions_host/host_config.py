"""host.json's settings as typed values, with the Functions host's defaults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from emulators.functions_host.durable_options import DurableOptions, read_durable_options
from emulators.functions_host.errors import ConfigurationError
from emulators.task_hub.host_json import Section, read_host_json

# Azure Storage returns no more messages at once, and hides none longer.
_MOST_MESSAGES = 32
_LONGEST = timedelta(days=7)
_LEVELS = ("Trace", "Debug", "Information", "Warning", "Error", "Critical", "None")


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
    """Reads `host.json` with the overrides in `settings`; a missing file, or an empty object, means the defaults.

    Raises:
        ConfigurationError: the file is not JSON, has not version 2.0, or a value stops Azure's host.
    """
    try:
        return _config(read_host_json(app_dir / "host.json", settings or {}))
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def parse_host_config(document: object) -> HostConfig:
    """Reads a decoded host.json.

    Raises:
        ConfigurationError: a value stops Azure's host.
    """
    try:
        return _config(Section(document))
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _config(root: Section) -> HostConfig:
    """Names match in any case; unknown ones are ignored, as in the Functions host, but not those of `durableTask`."""
    extensions = root.child("extensions")
    prefix = extensions.child("http").text("routePrefix")
    return HostConfig(
        route_prefix=("api" if prefix is None else prefix).strip("/"),
        queues=_queue_options(extensions.child("queues")),
        durable=read_durable_options(extensions.child("durableTask")),
        default_log_level=_log_level(root.child("logging").child("logLevel")),
        function_timeout=_timeout(root),
    )


def _queue_options(section: Section) -> QueueOptions:
    defaults = QueueOptions()
    batch = section.number("batchSize", defaults.batch_size, least=1, most=_MOST_MESSAGES)
    shortest = timedelta(milliseconds=100)
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.number("newBatchThreshold", batch // 2 * (os.cpu_count() or 1), least=0),
        max_dequeue_count=section.number("maxDequeueCount", defaults.max_dequeue_count, least=1),
        visibility_timeout=section.span(
            "visibilityTimeout", defaults.visibility_timeout, least=timedelta(0), most=_LONGEST
        ),
        max_polling_interval=section.span(
            "maxPollingInterval", defaults.max_polling_interval, least=shortest, most=_LONGEST
        ),
        base64=section.one_of("messageEncoding", ("None", "Base64"), "Base64") == "Base64",
    )


def _log_level(levels: Section) -> str:
    """The default level; the level of every category has to be one."""
    for category in levels:
        levels.one_of(category, _LEVELS, "")
    return levels.one_of("default", _LEVELS, "Information")


def _timeout(root: Section) -> timedelta | None:
    """`functionTimeout`; -1 is no limit."""
    if root.text("functionTimeout") == "-1":
        return None
    return root.span("functionTimeout", timedelta(minutes=30), least=timedelta(seconds=1), most=timedelta.max)
