"""The settings of the Durable extension's Azure Storage backend; each default is the extension's own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from emulators.task_hub.durable_task_section import VersionMatch, values_of
from emulators.task_hub.host_json import Section, read_host_json


class LostWorker(StrEnum):
    """What it means when a worker's stream closes while it has work items."""

    HOST = "host"  # the host ended with its worker: the work is visible again after its visibility timeout
    WORKER = "worker"  # the worker's process ended, its host runs: an activity or an operation fails at once
    BOTH = "both"  # alternating: the first lost stream means a host, the next a worker, and so on


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """The settings of the backend, and which of its races happen.

    `entity_reorder_window`: above zero, calls and lock requests to entities without a time of sending are dropped.
    `control_queue_visibility`, `work_item_visibility`: how long a turn or a batch, or an activity, of a host that
    has ended stays hidden. `max_polling_interval`: the longest pause between two polls of an idle queue.
    `max_message_bytes`: of a gRPC message. `default_version`: of runs started without one.
    `replace_running`: a start under the id of a running instance replaces it (`AnyState`), else only that of an
    ended one. `remote_clients`: clients are on other instances than the workers, so what they send is received at
    the next poll. `early_timers`: a timer's message is hidden for whole seconds, so it is up to one second early.
    `late_timers`: it is received at the next poll, so it is up to the polling interval late.
    `lose_early_events`: what a client sends to an instance that a client started before its first turn is lost.
    `lost_worker`: see `LostWorker`. `version_match`: which runs are accepted; others wait silently, or fail with
    `fail_other_versions`.
    """

    entity_reorder_window: timedelta = timedelta(minutes=30)
    control_queue_visibility: timedelta = timedelta(minutes=5)
    work_item_visibility: timedelta = timedelta(minutes=5)
    max_polling_interval: timedelta = timedelta(seconds=30)
    max_message_bytes: int = 4 * 1024 * 1024
    default_version: str | None = None
    replace_running: bool = False
    remote_clients: bool = False
    early_timers: bool = True
    late_timers: bool = True
    lose_early_events: bool = True
    lost_worker: LostWorker = LostWorker.HOST
    version_match: VersionMatch = VersionMatch.CURRENT_OR_OLDER
    fail_other_versions: bool = False

    @classmethod
    def of_durable_task(cls, section: Section) -> "BackendOptions":
        """Read host.json's `extensions.durableTask`.

        Raises ValueError for what stops the extension at its start, and for what is not emulated.
        """
        return cls(**values_of(section))

    @classmethod
    def of_host_json(cls, file: Path, environment: Mapping[str, str] | None = None) -> "BackendOptions":
        """Read a host.json; settings `AzureFunctionsJobHost__extensions__durableTask__…` of the environment win."""
        root = read_host_json(file, os.environ if environment is None else environment)
        return cls.of_durable_task(root.child("extensions").child("durableTask"))

    def without_races(self) -> "BackendOptions":
        """Return the same settings with timers on time, no event lost and one process for all."""
        return replace(self, remote_clients=False, early_timers=False, late_timers=False, lose_early_events=False)
