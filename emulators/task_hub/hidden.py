"""Messages that are queued and still hidden: those of a host that has ended, of a remote client, or abandoned."""

from collections.abc import Collection
from dataclasses import dataclass, field

from emulators.task_hub.worker_stream import Work

type Key = int | str

_RENEWED_BEFORE = 30_000_000  # DurableTask.Core renews a message's visibility half a minute before it ends
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """A work item by its kind and key, with what a worker's filter checks."""

    work: Work
    key: Key
    name: str
    version: str | None


@dataclass(slots=True)
class _Messages:
    item: Item
    until: dict[int, int] = field(default_factory=dict[int, int])  # by row


class Hidden:
    """Rows of work items, each with the time until which it is hidden (microseconds since 1970)."""

    def __init__(self) -> None:
        """Start with none."""
        self._messages: dict[tuple[Work, Key], _Messages] = {}

    def __len__(self) -> int:
        """Count the work items of which something is hidden."""
        return len(self._messages)

    def hide(self, item: Item, rows: Collection[int], until: int) -> None:
        """Hide rows of a work item."""
        messages = self._messages.setdefault((item.work, item.key), _Messages(item))
        messages.until.update(dict.fromkeys(rows, until))

    def rows(self, work: Work, key: Key, now: int) -> frozenset[int]:
        """Return the rows of a work item that are hidden now."""
        messages = self._messages.get((work, key))
        return frozenset(row for row, until in messages.until.items() if until > now) if messages else frozenset()

    def next_due(self) -> int | None:
        """Return the earliest time at which a row becomes visible."""
        return min((until for messages in self._messages.values() for until in messages.until.values()), default=None)

    def due(self) -> list[int]:
        """Return all the times at which rows become visible, one for each work item and time."""
        return sorted(until for messages in self._messages.values() for until in set(messages.until.values()))

    def show(self, now: int) -> list[Item]:
        """Remove rows that are visible now; return their work items, those that were hidden first at the front."""
        shown: list[Item] = []
        for place, messages in list(self._messages.items()):
            left = {row: until for row, until in messages.until.items() if until > now}
            if len(left) != len(messages.until):
                shown.append(messages.item)
                messages.until = left
            if not left:
                del self._messages[place]
        return shown


def hidden_until(given: int, now: int, visibility: int) -> int:
    """Return the time at which a message of a host that ends now becomes visible.

    It was hidden for the visibility timeout when it was received, and again at each renewal while the host ran.
    """
    period = visibility - _RENEWED_BEFORE if visibility > _RENEWED_BEFORE else max(visibility // 2, 1)
    return given + max(now - given, 0) // period * period + visibility


def back_off(times_given: int) -> int:
    """Return how long an abandoned message stays hidden: two seconds, four, eight, at most ten minutes."""
    return min(2 ** min(times_given, 10), 600) * SECOND
