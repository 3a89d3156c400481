"""Keys of `extensions.durableTask` that only the extension uses: they are read to refuse what it refuses."""

from dataclasses import dataclass
from datetime import timedelta

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_json_section import Section

_EVENT_TYPES = ("Started", "Completed", "Failed", "Terminated")
_LONGEST_RETRY = timedelta(minutes=60)
_TRACING_VERSIONS = {"None": 0, "V1": 1, "V2": 2}
_FLAGS = (
    "useGracefulShutdown",
    "rollbackEntityOperationsOnExceptions",
    "useAppLease",
    "storeInputsInOrchestrationHistory",
)
_TRACING_FLAGS = (
    *("traceInputsAndOutputs", "allowVerboseLinuxTelemetry", "traceReplayEvents", "distributedTracingEnabled"),
    "includeInstanceIdInOperationName",
)


@dataclass(frozen=True)
class LifeCycleEvents:
    """`notifications.eventGrid`: where the extension would send events; this host sends none."""

    topic: str = ""
    key_setting: str = ""
    types: tuple[str, ...] = ()

    def check(self, settings: AppSettings) -> None:
        """Refuses what the extension refuses of it.

        Raises:
            ConfigurationError: the key's setting is missing, or an event type is unknown.
        """
        failed = "host.json: notifications.eventGrid: Failed to start lifecycle notification feature."
        if not (self.topic or self.key_setting):
            return
        if not self.key_setting or not settings.get(self.key_setting):
            raise ConfigurationError(
                f"{failed} Please check the configuration values for {self.key_setting or self.topic} on AppSettings."
            )
        if self.topic and not set(self.types) <= set(_EVENT_TYPES):
            raise ConfigurationError(
                f"{failed} Unsupported event types detected in 'EventGridPublishEventTypes'. "
                f"You may only specify one or more of the following {', '.join(_EVENT_TYPES)}."
            )


def check_unused(section: Section) -> None:
    """Reads what this host has no use for.

    Raises:
        ConfigurationError: a value that stops the extension.
    """
    if section.flag("extendedSessionsEnabled", default=False):
        raise section.fault(
            "extendedSessionsEnabled",
            "set to 'true' is only supported when using the in-process or isolated .NET worker.",
        )
    for name in _FLAGS:
        section.flag(name, default=False)
    for name in ("localRpcEndpointEnabled", "throwStatusExceptionsOnRaiseEvent"):
        section.flag(name, default=False, nullable=True)
    for name in ("extendedSessionIdleTimeoutInSeconds", "maxOrchestrationActions"):
        section.number(name, 0)
    section.number("maxEntityOperationBatchSize", 1, least=1, nullable=True)
    section.child("httpSettings").number("defaultAsyncRequestSleepTimeMilliseconds", 30_000)
    tracing = section.child("tracing")
    for name in _TRACING_FLAGS:
        tracing.flag(name, default=False)
    tracing.member("version", _TRACING_VERSIONS, "V1")
    lease = section.child("appLeaseOptions")
    for name in ("renewInterval", "acquireInterval", "leaseInterval"):
        lease.span(name, timedelta(0))


def read_life_cycle_events(section: Section) -> LifeCycleEvents:
    """Reads `notifications`.

    Raises:
        ConfigurationError: a value that stops the extension whatever the settings are.
    """
    grid = section.child("eventGrid")
    grid.number("publishRetryCount", 0)
    if not timedelta(0) <= grid.span("publishRetryInterval", timedelta(minutes=5)) <= _LONGEST_RETRY:
        raise grid.fault("publishRetryInterval", "must be non-negative and no more than 60 minutes.")
    return LifeCycleEvents(
        topic=grid.text("topicEndpoint") or "",
        key_setting=grid.text("keySettingName") or "",
        types=grid.items("publishEventTypes"),
    )
