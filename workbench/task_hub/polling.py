"""When the control queues are looked at: an idle queue ever more seldom, up to the longest polling interval."""

import zlib

_PARTITIONS = 4  # Azure Storage's default; each has a queue and a pause of its own
_SHORTEST = 50_000


class Polling:
    """The last message of each queue on the hub's clock (microseconds since 1970), and the looks that follow it.

    After a message a queue is looked at 50 ms later, then after twice that pause, and so on; every pause is the
    longest once it is reached. The real pauses vary at random by a fifth; these do not, so that tests repeat.
    """

    def __init__(self, longest: int) -> None:
        """Take the longest pause (microseconds)."""
        self._longest = max(longest, 1)
        self._last = [0] * _PARTITIONS

    def begin(self, now: int) -> None:
        """All queues are looked at now."""
        self._last = [now] * _PARTITIONS

    def touch(self, target: int | str, now: int) -> None:
        """A message for an instance (its number) or an entity (its id) is put or seen: its queue is awake."""
        place = _partition(target)
        self._last[place] = max(self._last[place], now)

    def next_look(self, target: int | str, moment: int) -> int:
        """Give the first look at the queue of an instance or entity, after its last message, not before the moment."""
        pause = min(_SHORTEST, self._longest)
        look = self._last[_partition(target)] + pause
        while look < moment and pause < self._longest:
            pause = min(pause * 2, self._longest)
            look += pause
        if look < moment:
            look += -(-(moment - look) // self._longest) * self._longest
        return look


def _partition(target: int | str) -> int:
    return target % _PARTITIONS if isinstance(target, int) else zlib.crc32(target.encode()) % _PARTITIONS
