"""When each timer last fired and will fire next, stored across restarts if there is a folder."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast


@dataclass(frozen=True)
class TimerStatus:
    """`last` is the occurrence that ran, `next` the one to come, `updated` when this was found out."""

    last: datetime | None
    next: datetime
    updated: datetime

    def as_json(self) -> dict[str, str]:
        """The `ScheduleStatus` that a function sees; a timer that never ran shows .NET's first day."""
        last = self.last.isoformat() if self.last else "0001-01-01T00:00:00+00:00"
        return {"Last": last, "Next": self.next.isoformat(), "LastUpdated": self.updated.isoformat()}


class TimerStatusStore:
    """The statuses by function name; with no folder they last as long as the host."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is created on the first write."""
        self._folder = folder
        self._statuses: dict[str, TimerStatus] = {}

    def read(self, function_name: str) -> TimerStatus | None:
        """The status, or None when there is none or it cannot be read (the timer then starts again)."""
        if self._folder is None:
            return self._statuses.get(function_name)
        try:
            text = self._path(self._folder, function_name).read_text("utf-8")
            fields = cast(dict[str, str | None], json.loads(text))
            last, following = fields["last"], fields["next"]
            return TimerStatus(
                _moment(last) if last else None, _moment(str(following)), _moment(str(fields["updated"]))
            )
        except (OSError, ValueError, KeyError):
            return None

    def write(self, function_name: str, status: TimerStatus) -> None:
        """Stores the status; after a crash the file has the old or the new one, never a part of one."""
        if self._folder is None:
            self._statuses[function_name] = status
            return
        path = self._path(self._folder, function_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        last = status.last.isoformat() if status.last else None
        draft = path.with_suffix(".tmp")
        document = {"last": last, "next": status.next.isoformat(), "updated": status.updated.isoformat()}
        draft.write_text(json.dumps(document), "utf-8")
        os.replace(draft, path)

    @staticmethod
    def _path(folder: Path, function_name: str) -> Path:
        return folder / "timers" / f"{function_name}.json"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
