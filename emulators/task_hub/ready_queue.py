"""Work that waits for a worker, in order, by name and version so that filters are fast."""

from collections.abc import Hashable, Mapping
from itertools import count

type Accepted = Mapping[str, frozenset[str]]

_order = count()


def accepts(accepted: Accepted | None, name: str, version: str | None) -> bool:
    """Return whether a filter accepts a name and version: no filter is all, no versions is any version."""
    if accepted is None:
        return True
    versions = accepted.get(name)
    return versions is not None and (not versions or (version or "") in versions)


class ReadyQueue[K: Hashable]:
    """Keys in the order of their arrival; a key that already waits keeps its place."""

    def __init__(self) -> None:
        """Start empty."""
        self._buckets: dict[tuple[str, str | None], dict[K, int]] = {}
        self._bucket_of: dict[K, tuple[str, str | None]] = {}

    def __len__(self) -> int:
        """Return how many keys wait."""
        return len(self._bucket_of)

    def __contains__(self, key: K) -> bool:
        """Return whether a key waits."""
        return key in self._bucket_of

    def add(self, key: K, name: str, version: str | None) -> None:
        """Queue a key."""
        if key not in self._bucket_of:
            bucket = (name, version)
            self._bucket_of[key] = bucket
            self._buckets.setdefault(bucket, {})[key] = next(_order)

    def discard(self, key: K) -> None:
        """Remove a key."""
        bucket = self._bucket_of.pop(key, None)
        if bucket is not None:
            keys = self._buckets[bucket]
            del keys[key]
            if not keys:
                del self._buckets[bucket]

    def take(self, accepted: Accepted | None) -> tuple[K, str, str | None] | None:
        """Remove and return the oldest key that the filter accepts, with its name and version."""
        best: tuple[str, str | None] | None = None
        best_order = 0
        for bucket, keys in self._buckets.items():
            order = next(iter(keys.values()))
            if (best is None or order < best_order) and accepts(accepted, *bucket):
                best, best_order = bucket, order
        if best is None:
            return None
        key = next(iter(self._buckets[best]))
        self.discard(key)
        return key, *best
