"""The errors of a task hub.

HubError            a call fails with a gRPC status; nothing was written
  LostLeaseError    the work item was sent to another worker, or its instance was deleted
TaskHubFileError    the hub cannot open its file
"""

import sqlite3

import grpc


class HubError(Exception):
    """A call that fails with a gRPC status."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        """Store the status for the answer."""
        super().__init__(message)
        self.status = status
        self.message = message


class LostLeaseError(HubError):
    """A completion that came too late."""

    def __init__(self) -> None:
        """Set the message."""
        super().__init__(
            grpc.StatusCode.FAILED_PRECONDITION,
            "nothing was changed: the lease of this work item is lost (it was sent again, or its instance ended)",
        )


class TaskHubFileError(Exception):
    """The file cannot be used: in use, damaged, newer, not a task hub's, or not writable."""


_STATUS = {
    sqlite3.SQLITE_FULL: (grpc.StatusCode.RESOURCE_EXHAUSTED, "the disk is full: free some space"),
    sqlite3.SQLITE_READONLY: (
        grpc.StatusCode.FAILED_PRECONDITION,
        "the task hub's file is read-only: make it writable",
    ),
    sqlite3.SQLITE_IOERR: (grpc.StatusCode.UNAVAILABLE, "the disk failed: check it"),
    sqlite3.SQLITE_CORRUPT: (grpc.StatusCode.DATA_LOSS, "the task hub's file is damaged: restore it"),
    sqlite3.SQLITE_TOOBIG: (grpc.StatusCode.INVALID_ARGUMENT, "the message is too large to be stored"),
}


def storage_error(error: sqlite3.Error) -> HubError:
    """Return the answer for a failure of SQLite; the transaction was rolled back."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    status, advice = _STATUS.get(code, (grpc.StatusCode.INTERNAL, "the task hub's file could not be written"))
    return HubError(status, f"nothing was written; {advice} ({error})")
