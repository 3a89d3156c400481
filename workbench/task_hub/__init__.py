"""An embedded durable engine: durabletask's sidecar protocol over one SQLite file."""

from workbench.task_hub.backend_options import BackendOptions, LostWorker
from workbench.task_hub.durable_task_section import VersionMatch
from workbench.task_hub.errors import TaskHubFileError
from workbench.task_hub.hub import TaskHub
from workbench.task_hub.hub_thread import HubThread

__all__ = ["BackendOptions", "HubThread", "LostWorker", "TaskHub", "TaskHubFileError", "VersionMatch"]
