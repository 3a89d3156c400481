"""The parts of a running hub that its services share."""

import sqlite3
from dataclasses import dataclass

from emulators.task_hub.backend_options import BackendOptions
from emulators.task_hub.dispatch import Dispatcher
from emulators.task_hub.journal import Journal
from emulators.task_hub.polling import Polling
from emulators.task_hub.starting import Existing
from emulators.task_hub.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Parts:
    """The one writer, a reader of what is committed, the dispatcher, the waiting clients, and the settings."""

    journal: Journal
    reader: sqlite3.Connection
    dispatcher: Dispatcher
    waiting: Waiting
    existing: Existing
    options: BackendOptions
    polling: Polling
