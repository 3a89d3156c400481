"""`extensions.durableTask` of host.json, refused where the Durable extension refuses it at its start.

Each rule was tried against the extension 3.19.0; it ignores names that it does not know.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from workbench.functions_host.app_settings import AppSettings
from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.host_json_section import Section
from workbench.functions_host.time_spans import timespan_text

_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_DEFAULT_HUB_NAME = "TestHubName"
_LONGEST_DEFAULT_NAME = 45
_PROVIDER = "AzureStorage"
_MOST_BUFFERED = 1000
_MOST_PARTITIONS = 16
_PER_PROCESSOR = 10 * (os.cpu_count() or 1)


@dataclass(frozen=True)
class StorageProvider:
    """`storageProvider`: how long work of a host that is gone stays hidden, and the longest pause between two polls."""

    control_queue_visibility: timedelta = timedelta(minutes=5)
    work_item_visibility: timedelta = timedelta(minutes=5)
    max_polling_interval: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class DurableOptions:
    """`hub_name` is None where host.json names none, and may hold `%SETTING%`: see `hub_name_of`."""

    hub_name: str | None = None
    max_concurrent_activities: int = _PER_PROCESSOR
    max_concurrent_orchestrators: int = _PER_PROCESSOR
    max_concurrent_entities: int = _PER_PROCESSOR
    default_version: str | None = None
    entity_reorder_minutes: int = 30
    overridable_states: str = "NonRunningStates"
    version_match: str = "CurrentOrOlder"
    version_failure: str = "Reject"
    most_message_bytes: int = 4 * 1024 * 1024
    storage: StorageProvider = field(default_factory=StorageProvider)

    def section(self) -> Mapping[str, object]:
        """What an engine needs of it, as `extensions.durableTask` of host.json would say it."""
        storage = self.storage
        return {
            "defaultVersion": self.default_version,
            "entityMessageReorderWindowInMinutes": self.entity_reorder_minutes,
            "overridableExistingInstanceStates": self.overridable_states,
            "versionMatchStrategy": self.version_match,
            "versionFailureStrategy": self.version_failure,
            "maxGrpcMessageSizeInBytes": self.most_message_bytes,
            "storageProvider": {
                "type": _PROVIDER,
                "controlQueueVisibilityTimeout": timespan_text(storage.control_queue_visibility),
                "workItemQueueVisibilityTimeout": timespan_text(storage.work_item_visibility),
                "maxQueuePollingInterval": timespan_text(storage.max_polling_interval),
            },
        }


def read_durable_options(section: Section) -> DurableOptions:
    """Reads the section.

    Raises:
        ConfigurationError: a value that stops the extension.
    """
    for name in ("extendedSessionsEnabled", "useGracefulShutdown"):
        section.flag(name, default=False)
    return DurableOptions(
        hub_name=section.text("hubName"),
        max_concurrent_activities=section.whole("maxConcurrentActivityFunctions", _PER_PROCESSOR, least=1),
        max_concurrent_orchestrators=section.whole("maxConcurrentOrchestratorFunctions", _PER_PROCESSOR, least=1),
        max_concurrent_entities=section.whole("maxConcurrentEntityFunctions", _PER_PROCESSOR, least=1),
        default_version=section.text("defaultVersion") or None,
        entity_reorder_minutes=section.whole("entityMessageReorderWindowInMinutes", 30),
        overridable_states=section.one_of("overridableExistingInstanceStates", ("NonRunningStates", "AnyState")),
        version_match=section.one_of("versionMatchStrategy", ("CurrentOrOlder", "None", "Strict")),
        version_failure=section.one_of("versionFailureStrategy", ("Reject", "Fail")),
        most_message_bytes=section.whole("maxGrpcMessageSizeInBytes", 4 * 1024 * 1024, least=1),
        storage=_storage(section.child("storageProvider")),
    )


def hub_name_of(options: DurableOptions, settings: AppSettings) -> str:
    """The task hub's name: host.json's with its `%SETTING%` resolved, else one made of the site's name.

    Raises:
        ConfigurationError: not 3 to 50 letters and digits that begin with a letter. (The extension's own message says
            45, and it takes 50.) Only a name made of the site's is made to fit.
    """
    if options.hub_name is None:
        return _default_name(settings.get("WEBSITE_SITE_NAME") or _DEFAULT_HUB_NAME)
    name = settings.resolve(options.hub_name)
    if _HUB_NAME.fullmatch(name) is None:
        raise ConfigurationError(
            f"host.json: durableTask.hubName: Task hub name '{name}' should contain only alphanumeric characters, "
            "start with a letter, and have length between 3 and 50."
        )
    return name


def _default_name(site: str) -> str:
    name = "".join(character for character in site if character.isalnum()) or "DefaultTaskHub"
    name = (f"t{name}" if name[0].isdigit() else name)[:_LONGEST_DEFAULT_NAME]
    return name if len(name) > 2 else f"{name}Hub"


def _storage(section: Section) -> StorageProvider:
    kind = section.text("type") or _PROVIDER
    if kind.casefold() != _PROVIDER.casefold():
        raise section.fault(
            "type", f"Storage provider type ({kind}) was not found. Available storage providers: {_PROVIDER}"
        )
    section.whole("partitionCount", 4, least=1, most=_MOST_PARTITIONS)
    section.whole("controlQueueBatchSize", 32, least=1)
    section.whole("controlQueueBufferThreshold", 256, least=1, most=_MOST_BUFFERED)
    defaults = StorageProvider()
    control = section.span("controlQueueVisibilityTimeout", defaults.control_queue_visibility)
    if not timedelta(minutes=1) <= control <= timedelta(minutes=60):
        raise section.fault(
            "controlQueueVisibilityTimeout", f"{timespan_text(control)} must be between 1 and 60 minutes"
        )
    polling = section.span("maxQueuePollingInterval", defaults.max_polling_interval)
    if polling < timedelta(0):
        raise section.fault("maxQueuePollingInterval", "must be non-negative")
    return StorageProvider(
        control_queue_visibility=control,
        work_item_visibility=section.span("workItemQueueVisibilityTimeout", defaults.work_item_visibility),
        # The extension takes zero for "not set".
        max_polling_interval=polling or defaults.max_polling_interval,
    )
