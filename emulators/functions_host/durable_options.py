"""`extensions.durableTask` of host.json: what the host uses, and what an engine is set to."""

import os
import re
from dataclasses import dataclass, field

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.errors import ConfigurationError
from emulators.task_hub import BackendOptions
from emulators.task_hub.host_json import Section

_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_PER_PROCESSOR = 10 * (os.cpu_count() or 1)


@dataclass(frozen=True)
class DurableOptions:
    """`hub_name` may contain `%SETTING%`: see `hub_name_of`."""

    hub_name: str = "TestHubName"
    max_concurrent_activities: int = _PER_PROCESSOR
    max_concurrent_orchestrators: int = _PER_PROCESSOR
    max_concurrent_entities: int = _PER_PROCESSOR
    backend: BackendOptions = field(default_factory=BackendOptions)


def read_durable_options(section: Section) -> DurableOptions:
    """Reads the section.

    Raises:
        ValueError: a value that stops the extension, or a name that is not emulated.
    """
    hub_name = section.text("hubName")
    return DurableOptions(
        hub_name=DurableOptions.hub_name if hub_name is None else hub_name,
        max_concurrent_activities=section.number("maxConcurrentActivityFunctions", _PER_PROCESSOR, least=1),
        max_concurrent_orchestrators=section.number("maxConcurrentOrchestratorFunctions", _PER_PROCESSOR, least=1),
        max_concurrent_entities=section.number("maxConcurrentEntityFunctions", _PER_PROCESSOR, least=1),
        backend=BackendOptions.of_durable_task(section),
    )


def hub_name_of(options: DurableOptions, settings: AppSettings) -> str:
    """The task hub's name with its `%SETTING%` resolved.

    Raises:
        ConfigurationError: not 3 to 50 letters and digits that begin with a letter. (The extension's own message says
            45, but it accepts 50.)
    """
    name = settings.resolve(options.hub_name)
    if _HUB_NAME.fullmatch(name) is None:
        raise ConfigurationError(
            f"host.json: durableTask.hubName: Task hub name '{name}' should contain only alphanumeric characters, "
            "start with a letter, and have length between 3 and 50."
        )
    return name
