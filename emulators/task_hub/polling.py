"""When the control queues are polled: an idle queue less and less often, up to the longest polling interval."""

import zlib

_PARTITIONS = 4  # Azure Storage's default; each has a queue and a pause of its own
_SHORTEST = 50_000


class Polling:
    """The last message of each queue on the hub's clock (microseconds since 1970), and the polls that follow it.

    After a message a queue is polled 50 ms later, then after twice that pause, and so on, up to the longest pause.
    The real pauses vary at random by a fifth; these do not, so that tests are repeatable.
    """

    def __init__(self, longest: int) -> None:
        """Set the longest pause (microseconds)."""
        self._longest = max(longest, 1)
        self._last = [0] * _PARTITIONS

    def begin(self, now: int) -> None:
        """All queues are polled now."""
        self._last = [now] * _PARTITIONS

    def touch(self, target: int | str, now: int) -> None:
        """A message for an instance (its number) or an entity (its id) is sent or received: its queue is active."""
        place = _partition(target)
        self._last[place] = max(self._last[place], now)

    def next_poll(self, target: int | str, moment: int) -> int:
        """Return the first poll of an instance's or entity's queue after its last message, not before the moment."""
        pause = min(_SHORTEST, self._longest)
        poll = self._last[_partition(target)] + pause
        while poll < moment and pause < self._longest:
            pause = min(pause * 2, self._longest)
            poll += pause
        if poll < moment:
            poll += -(-(moment - poll) // self._longest) * self._longest
        return poll


def _partition(target: int | str) -> int:
    return target % _PARTITIONS if isinstance(target, int) else zlib.crc32(target.encode()) % _PARTITIONS
