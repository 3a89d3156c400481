"""Prevents a second hub on the same file while the first one's process runs."""

import fcntl
import os
from pathlib import Path

from emulators.task_hub.errors import TaskHubFileError


class FileLock:
    """An advisory lock beside the file; the kernel releases it when the process ends.

    The database itself is never opened for it: closing any descriptor of it would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock, or raise `TaskHubFileError` with the holder's process id."""
        place = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise TaskHubFileError(f"{place} cannot be written ({error.strerror}): make the folder writable") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            text = f"{path} is in use by another task hub (process {holder}): stop it, or name another file"
            raise TaskHubFileError(text) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Release the lock; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
