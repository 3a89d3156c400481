"""An embedded durable engine: durabletask's sidecar protocol over one SQLite file."""

from emulators.task_hub.backend_options import BackendOptions, LostWorker
from emulators.task_hub.clocks import EngineClock, ScaledClock, VirtualClock
from emulators.task_hub.durable_task_section import VersionMatch
from emulators.task_hub.errors import TaskHubFileError
from emulators.task_hub.hub import TaskHub
from emulators.task_hub.hub_thread import HubThread

__all__ = [
    "BackendOptions",
    "EngineClock",
    "HubThread",
    "LostWorker",
    "ScaledClock",
    "TaskHub",
    "TaskHubFileError",
    "VersionMatch",
    "VirtualClock",
]
