"""The cache of histories: only what the file holds, and never more than its limit."""

import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest

from emulators.task_hub.history_cache import HistoryCache
from emulators.task_hub.schema import open_writer
from emulators.task_hub.wire import PAST, framed


@pytest.fixture
def db(tmp_path: Path) -> Generator[sqlite3.Connection]:
    db = open_writer(tmp_path / "hub.db")
    yield db
    db.close()


def write(db: sqlite3.Connection, n: int, first: int, events: list[bytes]) -> None:
    db.executemany(
        "INSERT INTO history VALUES(?,?,?)", [(n, first + place, event) for place, event in enumerate(events)]
    )


def expected(events: list[bytes]) -> bytes:
    return b"".join(framed(PAST, event) for event in events)


def test_it_is_read_once_and_appended_to(db: sqlite3.Connection) -> None:
    cache = HistoryCache()
    write(db, 1, 0, [b"a", b"b"])
    assert cache.past_events(db, 1, 2) == expected([b"a", b"b"])
    cache.append(1, 2, [b"c"])
    # The file was not read again: it does not have the third.
    assert cache.past_events(db, 1, 3) == expected([b"a", b"b", b"c"])
    assert cache.size == len(expected([b"a", b"b", b"c"]))


def test_what_does_not_fit_together_is_read_again(db: sqlite3.Connection) -> None:
    cache = HistoryCache()
    write(db, 1, 0, [b"a", b"b", b"c"])
    cache.append(1, 0, [b"old"])
    cache.append(1, 5, [b"later"])
    assert cache.past_events(db, 1, 3) == expected([b"a", b"b", b"c"])
    cache.append(2, 7, [b"the middle of a history that is not kept"])
    cache.forget(1)
    assert cache.size == 0


def test_the_least_recently_used_is_removed_first(db: sqlite3.Connection) -> None:
    cache = HistoryCache(most_bytes=50)
    for n in range(10):
        write(db, n, 0, [b"x" * 18])
        assert cache.past_events(db, n, 1) == expected([b"x" * 18])
    assert cache.size <= 50
