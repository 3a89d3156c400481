"""`extensions.durableTask` of host.json, refused if the Durable extension refuses it at its start.

Each rule was tried against the extension 3.19.0; it ignores names that it does not know.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.durable_checks import LifeCycleEvents, check_unused, read_life_cycle_events
from emulators.functions_host.durable_storage import StorageProvider, read_storage_provider
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_json_section import Section

_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_DEFAULT_HUB_NAME = "TestHubName"
_LONGEST_DEFAULT_NAME = 45
_MATCHES = {"None": 0, "Strict": 1, "CurrentOrOlder": 2}
_FAILURES = {"Reject": 0, "Fail": 1}
_STATES = {"AnyState": 0, "NonRunningStates": 1}
_GRPC_TIMEOUT = timedelta(seconds=100)
_PER_PROCESSOR = 10 * (os.cpu_count() or 1)


@dataclass(frozen=True)
class DurableOptions:
    """`hub_name` is None if host.json has none, and may contain `%SETTING%`: see `hub_name_of`."""

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
    # None: no limit is named to clients.
    grpc_timeout: timedelta | None = _GRPC_TIMEOUT
    use_forwarded_host: bool = False
    storage: StorageProvider = field(default_factory=StorageProvider)
    events: LifeCycleEvents = field(default_factory=LifeCycleEvents)

    def section(self) -> Mapping[str, object]:
        """What an engine needs of it, in the form of host.json's `extensions.durableTask`."""
        return {
            "defaultVersion": self.default_version,
            "entityMessageReorderWindowInMinutes": self.entity_reorder_minutes,
            "overridableExistingInstanceStates": self.overridable_states,
            "versionMatchStrategy": self.version_match,
            "versionFailureStrategy": self.version_failure,
            "maxGrpcMessageSizeInBytes": self.most_message_bytes,
            "storageProvider": self.storage.section(),
        }


def read_durable_options(section: Section) -> DurableOptions:
    """Reads the section.

    Raises:
        ConfigurationError: a value that stops the extension.
    """
    check_unused(section)
    return DurableOptions(
        hub_name=section.text("hubName"),
        max_concurrent_activities=_concurrency(section, "maxConcurrentActivityFunctions"),
        max_concurrent_orchestrators=_concurrency(section, "maxConcurrentOrchestratorFunctions"),
        max_concurrent_entities=_concurrency(section, "maxConcurrentEntityFunctions"),
        default_version=section.text("defaultVersion") or None,
        entity_reorder_minutes=section.number("entityMessageReorderWindowInMinutes", 30),
        overridable_states=section.one_of("overridableExistingInstanceStates", _STATES, "NonRunningStates"),
        version_match=section.one_of("versionMatchStrategy", _MATCHES, "CurrentOrOlder"),
        version_failure=section.one_of("versionFailureStrategy", _FAILURES, "Reject"),
        most_message_bytes=section.number("maxGrpcMessageSizeInBytes", 4 * 1024 * 1024),
        grpc_timeout=_grpc_timeout(section),
        use_forwarded_host=section.child("httpSettings").flag("useForwardedHost", default=False),
        storage=read_storage_provider(section.child("storageProvider", hexadecimal=False)),
        events=read_life_cycle_events(section.child("notifications")),
    )


def check_named_settings(options: DurableOptions, settings: AppSettings) -> None:
    """Looks for the settings that host.json names, which may be in local.settings.json.

    Raises:
        ConfigurationError: one is missing.
    """
    for name in options.storage.connections:
        if not settings.has_connection(name):
            what = f"Unable to resolve the Azure Storage connection named '{name}'."
            raise ConfigurationError(f"host.json: durableTask.storageProvider: {what}")
    options.events.check(settings)


def hub_name_of(options: DurableOptions, settings: AppSettings) -> str:
    """The task hub's name: host.json's with its `%SETTING%` resolved, else one derived from the site's name.

    Raises:
        ConfigurationError: not 3 to 50 letters and digits that begin with a letter. (The extension's own message says
            45, but it accepts 50.) Only a name derived from the site's is shortened.
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


def _concurrency(section: Section, name: str) -> int:
    return section.number(name, _PER_PROCESSOR, least=1, nullable=True)


def _grpc_timeout(section: Section) -> timedelta | None:
    if section.text("grpcHttpClientTimeout") == "":
        return None
    return section.span("grpcHttpClientTimeout", _GRPC_TIMEOUT)
