"""Reads host.json's `extensions.durableTask`, as strictly as the extension reads it or more."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from emulators.task_hub.host_json import Section

_PROVIDER = "AzureStorage"
# Azure Storage hides a message no longer.
_LONGEST_HIDDEN = timedelta(days=7)
_OF_THE_HOST = (
    *("hubName", "maxConcurrentActivityFunctions", "maxConcurrentEntityFunctions"),
    "maxConcurrentOrchestratorFunctions",
)
_OF_THE_ENGINE = (
    *("defaultVersion", "entityMessageReorderWindowInMinutes", "maxGrpcMessageSizeInBytes"),
    *("overridableExistingInstanceStates", "storageProvider", "versionFailureStrategy", "versionMatchStrategy"),
)
_OF_STORAGE = (*("type", "controlQueueVisibilityTimeout", "maxQueuePollingInterval", "workItemQueueVisibilityTimeout"),)


class VersionMatch(StrEnum):
    """Which runs are accepted, by their version and the default version."""

    NONE = "None"  # all
    STRICT = "Strict"  # those of exactly this version
    CURRENT_OR_OLDER = "CurrentOrOlder"


def values_of(section: Section) -> dict[str, Any]:
    """Return the fields of `BackendOptions` in a section, with the extension's defaults.

    Raises ValueError for what stops the extension, and for every name that neither engine nor host here knows.
    """
    section.only(*_OF_THE_HOST, *_OF_THE_ENGINE)
    storage = section.child("storageProvider")
    storage.only(*_OF_STORAGE)
    kind = storage.text("type")
    if kind is not None and kind.casefold() != _PROVIDER.casefold():
        text = f"Storage provider type ({kind}) was not found. Available storage providers: {_PROVIDER}"
        raise storage.fault("type", text)
    states, failures = ("NonRunningStates", "AnyState"), ("Reject", "Fail")
    match = section.one_of("versionMatchStrategy", tuple(VersionMatch), VersionMatch.CURRENT_OR_OLDER)
    return {
        "entity_reorder_window": timedelta(minutes=section.number("entityMessageReorderWindowInMinutes", 30)),
        "default_version": section.text("defaultVersion") or None,
        "max_message_bytes": section.number("maxGrpcMessageSizeInBytes", 4 * 1024 * 1024),
        "replace_running": section.one_of("overridableExistingInstanceStates", states, states[0]) == states[1],
        "version_match": VersionMatch(match),
        "fail_other_versions": section.one_of("versionFailureStrategy", failures, failures[0]) == failures[1],
        **_visibility(storage),
    }


def _visibility(storage: Section) -> dict[str, timedelta]:
    nothing, minute, default = timedelta(0), timedelta(minutes=1), timedelta(minutes=5)
    polling = storage.span("maxQueuePollingInterval", nothing, least=nothing, most=_LONGEST_HIDDEN)
    return {
        "control_queue_visibility": storage.span(
            "controlQueueVisibilityTimeout", default, least=minute, most=60 * minute
        ),
        # The extension takes every time span here; longer than a week, Azure Storage refuses its messages.
        "work_item_visibility": storage.span(
            "workItemQueueVisibilityTimeout", default, least=nothing, most=_LONGEST_HIDDEN
        ),
        # The extension takes zero for "not set".
        "max_polling_interval": polling or timedelta(seconds=30),
    }
