"""The cleanup of resources that ended runs left behind: its request, its input and its result."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contracts.ids import Scope
from contracts.message import Message, StrictMessage
from contracts.polling import CLEANUP_DEALLOCATION, CLEANUP_DELETION, CLEANUP_LOOK_BACK_DAYS, Polling
from contracts.run import Caller, Trigger


class CleanupMode(StrEnum):
    """Whether a cleanup only reports what it found, or also deletes it."""

    REPORT = "report"
    DELETE = "delete"


class CleanupRequest(StrictMessage):
    """The body of a request that starts a cleanup by hand."""

    mode: CleanupMode = Field(
        default=CleanupMode.REPORT,
        description='"report" lists what would be deleted; "delete" deletes it.',
    )


class CleanupJob(Message):
    """The input of `cleanup`.

    Ages are measured at `asked_at`. Runs that ended in the last `look_back_days` are read. A resource whose run is not
    in this task hub is deleted only if it is older than `unknown_age_minutes`: its run may be in another task hub.
    """

    cleanup_id: str
    mode: CleanupMode
    trigger: Trigger
    caller: Caller = Caller()
    asked_at: datetime
    scopes: tuple[Scope, ...]
    app_name: str
    minimum_age_minutes: int
    unknown_age_minutes: int
    look_back_days: int = CLEANUP_LOOK_BACK_DAYS
    delete: Polling = CLEANUP_DELETION
    deallocate: Polling = CLEANUP_DEALLOCATION


class CleanupNote(Message):
    """One resource (an ARM id) and why it was kept, or why deleting it failed."""

    id: str
    why: str


class CleanupResult(Message):
    """The result of a cleanup.

    In the mode "report" nothing is deleted or deallocated, and the `would_` lists name what would be.
    `stopped_and_billed` names the VMs that are stopped and were not deallocated. `counts` holds the full length of each
    list. `kept` names at most 200 resources. On the queue the lists may be shorter, so that the message fits into
    48 KiB. `truncated` counts the resources that no list names.
    """

    version: Literal[1] = 1
    kind: Literal["cleanup"] = "cleanup"
    cleanup_id: str
    mode: CleanupMode
    looked_at: int
    counts: dict[str, int] = {}
    deleted: tuple[str, ...] = ()
    would_delete: tuple[str, ...] = ()
    deallocated: tuple[str, ...] = ()
    would_deallocate: tuple[str, ...] = ()
    stopped_and_billed: tuple[str, ...] = ()
    kept: tuple[CleanupNote, ...] = ()
    truncated: int = 0
    failed: tuple[CleanupNote, ...] = ()
