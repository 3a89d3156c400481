"""`storageProvider` of `extensions.durableTask`: the extension reads it with Newtonsoft, which takes no `0x10`."""

from dataclasses import dataclass
from datetime import timedelta

from emulators.functions_host.host_json_section import Section
from emulators.functions_host.time_spans import timespan_text

PROVIDER = "AzureStorage"
_MOST_BUFFERED = 1000
_MOST_PARTITIONS = 16
_MOST_MESSAGES = 32
_ENCODINGS = {"UTF8": 0, "Base64": 1}
# The later of two names for one value wins.
_CONNECTIONS = (
    ("connectionName", "connectionStringName"),
    ("trackingStoreConnectionName", "trackingStoreConnectionStringName"),
)
# Azure Storage hides a message no longer; this engine is told no more, and no less than nothing.
_LONGEST_HIDDEN = timedelta(days=7)


@dataclass(frozen=True)
class StorageProvider:
    """How long work of a host that is gone stays hidden, the longest pause between two polls, settings it names."""

    control_queue_visibility: timedelta = timedelta(minutes=5)
    work_item_visibility: timedelta = timedelta(minutes=5)
    max_polling_interval: timedelta = timedelta(seconds=30)
    connections: tuple[str, ...] = ()

    def section(self) -> dict[str, object]:
        """What an engine needs of it, within what an engine can do."""
        work_items = min(max(self.work_item_visibility, timedelta(0)), _LONGEST_HIDDEN)
        return {
            "type": PROVIDER,
            "controlQueueVisibilityTimeout": timespan_text(self.control_queue_visibility),
            "workItemQueueVisibilityTimeout": timespan_text(work_items),
            "maxQueuePollingInterval": timespan_text(min(self.max_polling_interval, _LONGEST_HIDDEN)),
        }


def read_storage_provider(section: Section) -> StorageProvider:
    """Reads it; `section` knows no hexadecimal numbers.

    Raises:
        ConfigurationError: a value that stops the extension.
    """
    kind = section.text("type")
    kind = PROVIDER if kind is None else kind
    if kind.casefold() != PROVIDER.casefold():
        raise section.fault(
            "type", f"Storage provider type ({kind}) was not found. Available storage providers: {PROVIDER}"
        )
    _check(section)
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
        connections=_connections(section),
    )


def _check(section: Section) -> None:
    """What only the extension uses."""
    section.number("partitionCount", 4, least=1, most=_MOST_PARTITIONS)
    section.number("controlQueueBatchSize", 32, least=1, most=_MOST_MESSAGES)
    section.number("controlQueueBufferThreshold", 256, least=1, most=_MOST_BUFFERED)
    for name in ("fetchLargeMessagesAutomatically", "allowReplayingTerminalInstances", "useInstanceTableEtag"):
        section.flag(name, default=False)
    by_table = section.flag("useTablePartitionManagement", default=True)
    stated = section.text("useTablePartitionManagement") is not None
    if section.flag("useLegacyPartitionManagement", default=False) and by_table and stated:
        raise section.fault(
            "useLegacyPartitionManagement", "Cannot use both TablePartitionManagement and LegacyPartitionManagement."
        )
    section.span("partitionTableOperationTimeout", timedelta(0))
    section.one_of("queueClientMessageEncoding", _ENCODINGS, "UTF8")


def _connections(section: Section) -> tuple[str, ...]:
    found: list[str] = []
    for names in _CONNECTIONS:
        texts = [text for name in names if (text := section.text(name)) is not None]
        found += texts[-1:]
    return tuple(found)
